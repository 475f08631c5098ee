package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"math/rand"
	"os/exec"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
)

const apiModule = "k8s.io/api"

// enumerations reads the constants of each string type out of the sources of k8s.io/api: reflection cannot tell them,
// and without them a blindly filled object never takes the branches that defaulting and conversion have for each.
func enumerations(sources string) map[string][]string {
	if sources == "" {
		found, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", apiModule).Output()
		if err != nil {
			fail("where are the sources of " + apiModule + "? run in tools/oracle, or give -sources")
		}
		sources = strings.TrimSpace(string(found))
	}
	values := map[string][]string{}
	err := filepath.WalkDir(sources, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(path, "types.go") {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		folder, _ := filepath.Rel(sources, filepath.Dir(path))
		for _, declaration := range file.Decls {
			collect(declaration, apiModule+"/"+filepath.ToSlash(folder)+".", values)
		}
		return nil
	})
	if err != nil {
		fail(err.Error())
	}
	return values
}

// collect notes `const Name Type = "value"`.
func collect(declaration ast.Decl, prefix string, values map[string][]string) {
	constants, ok := declaration.(*ast.GenDecl)
	if !ok || constants.Tok != token.CONST {
		return
	}
	for _, spec := range constants.Specs {
		value := spec.(*ast.ValueSpec)
		named, ok := value.Type.(*ast.Ident)
		if !ok || named.Name == "string" {
			continue
		}
		for _, expression := range value.Values {
			if literal, ok := expression.(*ast.BasicLit); ok && literal.Kind == token.STRING {
				if text, err := strconv.Unquote(literal.Value); err == nil {
					values[prefix+named.Name] = append(values[prefix+named.Name], text)
				}
			}
		}
	}
}

// enumerate puts a real value, or none, into every string of an enumerated type, empties some other strings and
// zeroes some numbers, all in place.
func enumerate(v reflect.Value, random *rand.Rand, values map[string][]string, depth int) {
	if depth > 40 {
		return
	}
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if !v.IsNil() {
			enumerate(v.Elem(), random, values, depth+1)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				enumerate(v.Field(i), random, values, depth+1)
			}
		}
	case reflect.Slice:
		for i := range v.Len() {
			enumerate(v.Index(i), random, values, depth+1)
		}
	case reflect.String:
		known := values[v.Type().PkgPath()+"."+v.Type().Name()]
		switch {
		case !v.CanSet():
		case random.Float64() < .2 && (len(known) > 0 || v.Type().PkgPath() == ""):
			v.SetString("")
		case len(known) > 0:
			v.SetString(known[random.Intn(len(known))])
		}
	case reflect.Int32, reflect.Int64:
		if v.CanSet() && random.Float64() < .3 {
			v.SetInt(0)
		}
	}
}
