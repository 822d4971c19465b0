package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os/exec"
	"sort"
	"strconv"
	"strings"
)

// markers are the `+name=value` lines of the comments of one package; nothing else of a comment is read.
type markers struct {
	// fields holds the markers by "Type.GoField", types those by "Type".
	fields, types map[string]map[string][]string
	// enums holds the constants of each type marked +enum.
	enums map[string][]string
}

func readMarkers(path string) markers {
	out, err := exec.Command("go", "list", "-f", "{{.Dir}}", path).Output()
	if err != nil {
		panic(fmt.Sprintf("go list %s: %v", path, err))
	}
	found := markers{map[string]map[string][]string{}, map[string]map[string][]string{}, map[string][]string{}}
	//nolint:staticcheck // one package a folder is all that is wanted here
	parsed, err := parser.ParseDir(token.NewFileSet(), strings.TrimSpace(string(out)), nil, parser.ParseComments)
	if err != nil {
		panic(err)
	}
	for _, pkg := range parsed {
		for _, file := range pkg.Files {
			for _, decl := range file.Decls {
				if general, ok := decl.(*ast.GenDecl); ok {
					found.readTypes(general)
				}
			}
		}
		for _, file := range pkg.Files {
			for _, decl := range file.Decls {
				if general, ok := decl.(*ast.GenDecl); ok && general.Tok == token.CONST {
					found.readConstants(general)
				}
			}
		}
	}
	for name := range found.enums {
		sort.Strings(found.enums[name])
	}
	return found
}

func (m markers) readTypes(decl *ast.GenDecl) {
	for _, spec := range decl.Specs {
		named, ok := spec.(*ast.TypeSpec)
		if !ok {
			continue
		}
		doc := named.Doc
		if doc == nil {
			doc = decl.Doc
		}
		m.types[named.Name.Name] = parseMarkers(doc)
		structure, ok := named.Type.(*ast.StructType)
		if !ok {
			continue
		}
		for _, field := range structure.Fields.List {
			for _, name := range fieldNames(field) {
				m.fields[named.Name.Name+"."+name] = parseMarkers(field.Doc)
			}
		}
	}
}

func (m markers) readConstants(decl *ast.GenDecl) {
	for _, spec := range decl.Specs {
		values := spec.(*ast.ValueSpec)
		typeName, ok := values.Type.(*ast.Ident)
		if !ok {
			continue
		}
		if _, isEnum := m.types[typeName.Name]["enum"]; !isEnum {
			continue
		}
		for _, value := range values.Values {
			if literal, ok := value.(*ast.BasicLit); ok && literal.Kind == token.STRING {
				text, err := strconv.Unquote(literal.Value)
				if err != nil {
					panic(err)
				}
				m.enums[typeName.Name] = append(m.enums[typeName.Name], text)
			}
		}
	}
}

func fieldNames(field *ast.Field) []string {
	if len(field.Names) == 0 {
		expression := field.Type
		if pointer, ok := expression.(*ast.StarExpr); ok {
			expression = pointer.X
		}
		if selector, ok := expression.(*ast.SelectorExpr); ok {
			return []string{selector.Sel.Name}
		}
		return []string{expression.(*ast.Ident).Name}
	}
	names := make([]string, len(field.Names))
	for i, name := range field.Names {
		names[i] = name.Name
	}
	return names
}

func parseMarkers(doc *ast.CommentGroup) map[string][]string {
	found := map[string][]string{}
	if doc == nil {
		return found
	}
	for _, comment := range doc.List {
		line := strings.TrimSpace(strings.TrimPrefix(comment.Text, "//"))
		if !strings.HasPrefix(line, "+") {
			continue
		}
		key, value, _ := strings.Cut(line[1:], "=")
		found[key] = append(found[key], value)
	}
	return found
}
