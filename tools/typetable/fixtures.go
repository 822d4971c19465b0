package main

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"os"
	"reflect"
	"time"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// example is one object in the two forms in which it may reach a server.
type example struct {
	JSON     json.RawMessage `json:"json"`
	Protobuf []byte          `json:"protobuf"`
}

type fixtures struct {
	// Objects holds for each kind one object with every field set, and one with every pointer set to zero.
	Objects    map[string]map[string]example `json:"objects"`
	Quantities map[string]string             `json:"quantities"`
	Patches    []patchCase                   `json:"patches"`
}

func writeFixtures(g *generator) {
	all := fixtures{map[string]map[string]example{}, quantityPairs(), patchCases()}
	for _, root := range rootTypes() {
		all.Objects[g.name(root)] = map[string]example{
			"full": encode(root, &filler{}),
			"zero": encode(root, &filler{zero: true}),
		}
	}
	text, err := json.Marshal(all)
	if err != nil {
		panic(err)
	}
	var out bytes.Buffer
	zip, _ := gzip.NewWriterLevel(&out, gzip.BestCompression)
	zip.Write(text)
	zip.Close()
	write("testing/fixtures.json.gz", out.Bytes())
	if path := os.Getenv("FIXTURES_TEXT"); path != "" {
		os.WriteFile(path, text, 0o644)
	}
}

func encode(root reflect.Type, f *filler) example {
	object := reflect.New(root)
	f.fill(object.Elem(), "", map[reflect.Type]int{})
	text, err := json.Marshal(object.Interface())
	if err != nil {
		panic(err)
	}
	message, err := object.Interface().(marshaler).Marshal()
	if err != nil {
		panic(err)
	}
	return example{text, message}
}

// filler sets every field, always in the same way, so that a second run gives the same file.
type filler struct {
	zero  bool
	count int64
}

// fill sets a value in place. seen bounds types that contain themselves.
func (f *filler) fill(v reflect.Value, name string, seen map[reflect.Type]int) {
	f.count++
	if f.fillSpecial(v, seen) {
		return
	}
	switch v.Kind() {
	case reflect.Pointer:
		if depth(v.Type().Elem(), seen) > 1 {
			return
		}
		v.Set(reflect.New(v.Type().Elem()))
		f.fill(v.Elem(), name, seen)
	case reflect.Struct:
		f.fillStruct(v, seen)
	case reflect.Slice:
		f.fillSlice(v, name, seen)
	case reflect.Map:
		if depth(v.Type().Elem(), seen) > 1 {
			return
		}
		v.Set(reflect.MakeMap(v.Type()))
		for _, key := range []string{"key.one", "two"} {
			item := reflect.New(v.Type().Elem()).Elem()
			f.fill(item, name, seen)
			v.SetMapIndex(reflect.ValueOf(key).Convert(v.Type().Key()), item)
		}
	default:
		f.fillScalar(v, name)
	}
}

func depth(t reflect.Type, seen map[reflect.Type]int) int {
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice {
		t = t.Elem()
	}
	if t == reflect.TypeOf(apiextensionsv1.JSONSchemaPropsOrArray{}) || t == reflect.TypeOf(apiextensionsv1.JSONSchemaPropsOrBool{}) ||
		t == reflect.TypeOf(apiextensionsv1.JSONSchemaPropsOrStringArray{}) {
		t = reflect.TypeOf(apiextensionsv1.JSONSchemaProps{})
	}
	return seen[t]
}

func (f *filler) fillStruct(v reflect.Value, seen map[reflect.Type]int) {
	seen[v.Type()]++
	for i := range v.NumField() {
		field := v.Type().Field(i)
		if field.Type != typeMeta && field.IsExported() {
			f.fill(v.Field(i), field.Name, seen)
		}
	}
	seen[v.Type()]--
}

func (f *filler) fillSlice(v reflect.Value, name string, seen map[reflect.Type]int) {
	if v.Type().Elem().Kind() == reflect.Uint8 {
		text := []byte{}
		if !f.zero {
			text = []byte(fmt.Sprintf("%s-%d\x00\xff", name, f.count%3))
		}
		v.SetBytes(text)
		return
	}
	if depth(v.Type(), seen) > 1 {
		return
	}
	length := 2
	if f.zero {
		length = 1
	}
	v.Set(reflect.MakeSlice(v.Type(), length, length))
	for i := range length {
		f.fill(v.Index(i), name, seen)
	}
}

func (f *filler) fillScalar(v reflect.Value, name string) {
	if f.zero {
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(fmt.Sprintf("%s-%d é", name, f.count%3))
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int32:
		v.SetInt(-f.count % 100)
	case reflect.Int64:
		v.SetInt(1<<53 + 2*(f.count%50) + 1)
	case reflect.Float64:
		v.SetFloat(float64(f.count%50) + 0.25)
	default:
		panic(fmt.Sprintf("no rule to fill %v", v.Type()))
	}
}

var quantities = []string{"1500m", "1024Mi", "2e3", "0.5", "1.5Gi", "7"}

func (f *filler) fillSpecial(v reflect.Value, seen map[reflect.Type]int) bool {
	moment := time.Date(2024, 2, 29, 3, 4, int(f.count%60), 123456000, time.UTC)
	switch target := v.Addr().Interface().(type) {
	case *metav1.Time:
		if !f.zero {
			target.Time = moment.Truncate(time.Second)
		}
	case *metav1.MicroTime:
		if !f.zero {
			target.Time = moment
		}
	case *resource.Quantity:
		if !f.zero {
			*target = resource.MustParse(quantities[f.count%int64(len(quantities))])
		}
	case *intstr.IntOrString:
		if !f.zero {
			*target = intstr.FromInt32(int32(f.count))
			if f.count%2 == 0 {
				*target = intstr.FromString(fmt.Sprintf("%d%%", f.count))
			}
		}
	case *runtime.RawExtension:
		if !f.zero {
			target.Raw = []byte(fmt.Sprintf(`{"count":%d,"list":[null,"x",1.5,true,9007199254740993]}`, f.count))
		}
	case *metav1.FieldsV1:
		target.Raw = []byte(`{"f:metadata":{"f:labels":{".":{},"f:a":{}}}}`)
	case *apiextensionsv1.JSON:
		if !f.zero {
			target.Raw = []byte(fmt.Sprintf(`[%d,{"a":1}]`, f.count))
		}
	case *apiextensionsv1.JSONSchemaPropsOrBool:
		target.Allows = !f.zero
		if !f.zero && f.count%2 == 0 && seen[reflect.TypeOf(apiextensionsv1.JSONSchemaProps{})] < 2 {
			target.Schema = &apiextensionsv1.JSONSchemaProps{Type: "string"}
		}
	case *apiextensionsv1.JSONSchemaPropsOrArray:
		if f.count%2 == 0 {
			target.Schema = &apiextensionsv1.JSONSchemaProps{Type: "string"}
		} else {
			target.JSONSchemas = []apiextensionsv1.JSONSchemaProps{{Type: "string"}, {Type: "integer"}}
		}
	case *apiextensionsv1.JSONSchemaPropsOrStringArray:
		if f.count%2 == 0 {
			target.Schema = &apiextensionsv1.JSONSchemaProps{Type: "string"}
		} else {
			target.Property = []string{"a", "b"}
		}
	default:
		return false
	}
	return true
}

// quantityPairs holds texts as people write them and the canonical text of each; "" where the text is refused.
func quantityPairs() map[string]string {
	pairs := map[string]string{}
	numbers := []string{"0", "1", "-1", "+3", "1.5", "0.1", ".5", "5.", "12345", "1000", "1024", "1023", "2048", "1536", "0.001", "100", "-0.25", "999999999", "1234567890123", "0.0000000001", "1.0000000001", "-2.5", "00010", "9223372036854775807", "9223372036854775808", "99999999999999999999"}
	suffixes := []string{"", "n", "u", "m", "k", "M", "G", "T", "P", "E", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei", "e3", "E2", "e-3", "e0", "e+1", "e7", "e-10"}
	texts := []string{"", "m", "1 Gi", "1gi", "1K", "x", "1e", "--1", "1.2.3", ".", "1Kib", "0x10", "1_000", "1ki", "-"}
	for _, number := range numbers {
		for _, suffix := range suffixes {
			texts = append(texts, number+suffix)
		}
	}
	for _, text := range texts {
		pairs[text] = ""
		if quantity, err := resource.ParseQuantity(text); err == nil {
			pairs[text] = quantity.String()
		}
	}
	return pairs
}
