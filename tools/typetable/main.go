// Command typetable writes packages/engine/src/machinery/types/table.json and, beside the tests, fixtures.json.gz.
//
// Run it in this folder: `go run .`. It needs Go and the network once; the results are committed, so nobody else does.
// Only facts leave the upstream modules: names, numbers, types, tags, markers. types.ts says how the table is read.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"sort"
	"strings"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/intstr"
)

const destination = "../../packages/engine/src/machinery/types"

// scalars have a form of their own in JSON or protobuf; the letters are explained in types.ts.
var scalars = map[reflect.Type]string{
	reflect.TypeOf(metav1.Time{}):                                  "time",
	reflect.TypeOf(metav1.MicroTime{}):                             "microtime",
	reflect.TypeOf(resource.Quantity{}):                            "quantity",
	reflect.TypeOf(intstr.IntOrString{}):                           "intorstring",
	reflect.TypeOf(runtime.RawExtension{}):                         "raw",
	reflect.TypeOf(metav1.FieldsV1{}):                              "raw",
	reflect.TypeOf(apiextensionsv1.JSON{}):                         "raw",
	reflect.TypeOf(apiextensionsv1.JSONSchemaPropsOrBool{}):        "schemaorbool",
	reflect.TypeOf(apiextensionsv1.JSONSchemaPropsOrArray{}):       "schemaorarray",
	reflect.TypeOf(apiextensionsv1.JSONSchemaPropsOrStringArray{}): "schemaorstrings",
}

var typeMeta = reflect.TypeOf(metav1.TypeMeta{})

type generator struct {
	short   map[string]string
	markers map[string]markers
	types   map[string]string
	enums   map[string][]string
}

func main() {
	g := generator{map[string]string{}, map[string]markers{}, map[string]string{}, map[string][]string{}}
	prefixes := map[string]string{}
	for _, p := range packages {
		g.short[p.path] = p.short
		g.markers[p.path] = readMarkers(p.path)
		prefixes[p.short] = p.component
	}
	for _, root := range rootTypes() {
		g.structure(root)
	}
	writeTable(prefixes, g.enums, g.types)
	writeFixtures(&g)
}

func (g *generator) name(t reflect.Type) string {
	short, known := g.short[t.PkgPath()]
	if !known {
		panic(fmt.Sprintf("package of %v is not listed", t))
	}
	return short + "." + t.Name()
}

// structure adds a struct and all it refers to.
func (g *generator) structure(t reflect.Type) string {
	name := g.name(t)
	if _, done := g.types[name]; done {
		return name
	}
	g.types[name] = ""
	var fields []string
	for i := range t.NumField() {
		if text := g.field(t, t.Field(i)); text != "" {
			fields = append(fields, text)
		}
	}
	g.types[name] = strings.Join(fields, ";")
	return name
}

// field is `name number type flags...`, see types.ts.
func (g *generator) field(owner reflect.Type, f reflect.StructField) string {
	tag := strings.Split(f.Tag.Get("json"), ",")
	if f.Anonymous && f.Type == typeMeta {
		return "@ 0 typemeta"
	}
	if tag[0] == "-" {
		return ""
	}
	number := "0"
	if proto := strings.Split(f.Tag.Get("protobuf"), ","); len(proto) > 1 {
		number = proto[1]
	} else {
		panic(fmt.Sprintf("%v.%s has no protobuf tag", owner, f.Name))
	}
	if tag[0] == "" && f.Anonymous {
		return "~ " + number + " " + g.structure(f.Type)
	}
	words := []string{tag[0], number, g.typeText(f.Type)}
	marks := g.markers[owner.PkgPath()].fields[owner.Name()+"."+f.Name]
	flags := ""
	if f.Type.Kind() == reflect.Pointer {
		flags += "*"
	}
	omitEmpty := contains(tag[1:], "omitempty")
	if omitEmpty {
		flags += "?"
	}
	if _, optional := marks["optional"]; !optional && !omitEmpty {
		flags += "!"
	}
	if flags != "" {
		words = append(words, flags)
	}
	words = append(words, patchWords(f, marks)...)
	if enum := g.enum(f.Type); enum != "" {
		words = append(words, "enum="+enum)
	}
	return strings.Join(words, " ")
}

func patchWords(f reflect.StructField, marks map[string][]string) []string {
	var words []string
	if strategy := f.Tag.Get("patchStrategy"); strategy != "" {
		words = append(words, "patch="+strategy)
	}
	if key := f.Tag.Get("patchMergeKey"); key != "" {
		words = append(words, "key="+key)
	}
	if list := marks["listType"]; len(list) > 0 {
		words = append(words, "list="+list[0])
	}
	if keys := marks["listMapKey"]; len(keys) > 0 {
		words = append(words, "keys="+strings.Join(keys, ","))
	}
	if kind := append(marks["mapType"], marks["structType"]...); len(kind) > 0 {
		words = append(words, "map="+kind[0])
	}
	return words
}

// enum names the set of constants of a string type, also inside a list or behind a pointer.
func (g *generator) enum(t reflect.Type) string {
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice {
		t = t.Elem()
	}
	values := g.markers[t.PkgPath()].enums[t.Name()]
	if t.Kind() != reflect.String || len(values) == 0 {
		return ""
	}
	g.enums[g.name(t)] = values
	return g.name(t)
}

type marshaler interface{ Marshal() ([]byte, error) }

func (g *generator) typeText(t reflect.Type) string {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if scalar, known := scalars[t]; known {
		if strings.HasPrefix(scalar, "schema") {
			g.structure(reflect.TypeOf(apiextensionsv1.JSONSchemaProps{}))
		}
		return scalar
	}
	switch t.Kind() {
	case reflect.String:
		return "string"
	case reflect.Bool:
		return "bool"
	case reflect.Int32:
		return "int32"
	case reflect.Int64:
		return "int64"
	case reflect.Float64:
		return "double"
	case reflect.Slice:
		if t.Elem().Kind() == reflect.Uint8 {
			return "bytes"
		}
		// A named list such as ExtraValue is a message of its own, with the list as field 1.
		if reflect.PointerTo(t).Implements(reflect.TypeFor[marshaler]()) {
			return "wrapped[]" + g.typeText(t.Elem())
		}
		return "[]" + g.typeText(t.Elem())
	case reflect.Map:
		return "{}" + g.typeText(t.Elem())
	case reflect.Struct:
		return g.structure(t)
	}
	panic(fmt.Sprintf("no rule for %v", t))
}

func contains(words []string, word string) bool {
	for _, w := range words {
		if w == word {
			return true
		}
	}
	return false
}

// writeTable prints one entry a line, so that a change of upstream reads as a short diff.
func writeTable(sections ...any) {
	names := []string{"packages", "enums", "types"}
	var out strings.Builder
	out.WriteString("{\n")
	for i, section := range sections {
		fmt.Fprintf(&out, "%q:{\n", names[i])
		value := reflect.ValueOf(section)
		var lines []string
		for _, key := range value.MapKeys() {
			var text strings.Builder
			encoder := json.NewEncoder(&text)
			encoder.SetEscapeHTML(false)
			if err := encoder.Encode(value.MapIndex(key).Interface()); err != nil {
				panic(err)
			}
			lines = append(lines, fmt.Sprintf("%q:%s", key.String(), strings.TrimSpace(text.String())))
		}
		sort.Strings(lines)
		out.WriteString(strings.Join(lines, ",\n"))
		out.WriteString("\n}")
		if i < len(sections)-1 {
			out.WriteString(",")
		}
		out.WriteString("\n")
	}
	out.WriteString("}\n")
	write("table.json", []byte(out.String()))
}

func write(name string, content []byte) {
	path := filepath.Join(destination, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		panic(err)
	}
	if err := os.WriteFile(path, content, 0o644); err != nil {
		panic(err)
	}
	fmt.Printf("%s: %d bytes\n", path, len(content))
}
