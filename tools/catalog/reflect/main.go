// reflect prints what Go's reflection says of every type that a release's schemes know: its fields in order, with
// their names, tags and types; the kinds, the internal type each is paired with, its lifecycle; the order of the
// versions of each group. It knows no release: the driver writes schemes.go beside it, which fills `schemes`.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"reflect"
	"sort"
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// Field is one field of a struct, in the order of declaration.
type Field struct {
	Go        string `json:"go"`
	JSON      string `json:"json,omitempty"`
	OmitEmpty bool   `json:"omitempty,omitempty"`
	OmitZero  bool   `json:"omitzero,omitempty"`
	Inline    bool   `json:"inline,omitempty"`
	Anonymous bool   `json:"anonymous,omitempty"`
	Proto     int    `json:"proto,omitempty"`
	Wire      string `json:"wire,omitempty"`
	ProtoName string `json:"protoName,omitempty"`
	Key       string `json:"protoKey,omitempty"`
	Val       string `json:"protoVal,omitempty"`
	Type      string `json:"type"`
	Patch     string `json:"patch,omitempty"`
	MergeKey  string `json:"mergeKey,omitempty"`
}

// Type is one named Go type.
type Type struct {
	Kind         string  `json:"kind"`
	Elem         string  `json:"elem,omitempty"`
	Fields       []Field `json:"fields,omitempty"`
	CustomJSON   bool    `json:"customJSON,omitempty"`
	ProtoMessage bool    `json:"protoMessage,omitempty"`
}

// Kind is one kind of one group and version. Releases are written as "1.16".
type Kind struct {
	Group, Version, Kind, Type      string
	Hub                             string `json:",omitempty"`
	Introduced, Deprecated, Removed string `json:",omitempty"`
	Replacement                     string `json:",omitempty"` // group/version Kind
}

type protoMessage interface{ Marshal() ([]byte, error) }

var (
	types        = map[string]*Type{}
	messageIface = reflect.TypeOf((*protoMessage)(nil)).Elem()
)

// typeName spells a type, and notes every named type it meets.
func typeName(t reflect.Type) string {
	switch {
	case t.PkgPath() != "":
		note(t)
		return t.PkgPath() + "." + t.Name()
	case t.Kind() == reflect.Ptr:
		return "*" + typeName(t.Elem())
	case t.Kind() == reflect.Slice:
		return "[]" + typeName(t.Elem())
	case t.Kind() == reflect.Array:
		return fmt.Sprintf("[%d]", t.Len()) + typeName(t.Elem())
	case t.Kind() == reflect.Map:
		return "map[" + typeName(t.Key()) + "]" + typeName(t.Elem())
	}
	return t.String()
}

func note(t reflect.Type) {
	name := t.PkgPath() + "." + t.Name()
	if types[name] != nil {
		return
	}
	pointer := reflect.PtrTo(t)
	_, marshals := pointer.MethodByName("MarshalJSON")
	_, unmarshals := pointer.MethodByName("UnmarshalJSON")
	out := &Type{Kind: t.Kind().String(), CustomJSON: marshals || unmarshals, ProtoMessage: pointer.Implements(messageIface)}
	types[name] = out
	switch t.Kind() {
	case reflect.Map:
		out.Elem = "map[" + typeName(t.Key()) + "]" + typeName(t.Elem())
	case reflect.Slice:
		out.Elem = "[]" + typeName(t.Elem())
	case reflect.Struct:
		if opaque(t, name) {
			return
		}
		for i := 0; i < t.NumField(); i++ {
			if sf := t.Field(i); sf.PkgPath == "" || sf.Anonymous {
				out.Fields = append(out.Fields, field(sf))
			}
		}
	}
}

// opaque types are scalars to everybody outside their package.
func opaque(t reflect.Type, name string) bool {
	return t.PkgPath() == "time" || strings.HasPrefix(t.PkgPath(), "math/big") || strings.HasSuffix(name, "/resource.Quantity")
}

func field(sf reflect.StructField) Field {
	f := Field{Go: sf.Name, Type: typeName(sf.Type), Anonymous: sf.Anonymous,
		Patch: sf.Tag.Get("patchStrategy"), MergeKey: sf.Tag.Get("patchMergeKey"),
		Key: sf.Tag.Get("protobuf_key"), Val: sf.Tag.Get("protobuf_val")}
	tag := strings.Split(sf.Tag.Get("json"), ",")
	f.JSON = tag[0]
	for _, option := range tag[1:] {
		f.OmitEmpty = f.OmitEmpty || option == "omitempty"
		f.OmitZero = f.OmitZero || option == "omitzero"
		f.Inline = f.Inline || option == "inline"
	}
	f.Inline = f.Inline || sf.Anonymous && f.JSON == ""
	if tag := sf.Tag.Get("protobuf"); tag != "" && tag != "-" {
		for i, part := range strings.Split(tag, ",") {
			switch {
			case i == 0:
				f.Wire = part
			case i == 1:
				f.Proto, _ = strconv.Atoi(part)
			case strings.HasPrefix(part, "name="):
				f.ProtoName = part[len("name="):]
			}
		}
	}
	return f
}

// requestKinds are kinds of requests and answers, which every group registers and nobody stores.
func requestKind(kind string) bool {
	for _, suffix := range []string{"List", "ListOptions", "GetOptions", "DeleteOptions", "CreateOptions", "UpdateOptions", "PatchOptions", "WatchEvent", "ExportOptions"} {
		if strings.HasSuffix(kind, suffix) {
			return true
		}
	}
	return kind == "Status" || strings.HasPrefix(kind, "API") && kind != "APIService"
}

// wanted says whether objects of a kind can be stored; `sent` asks for those that are sent and never stored instead,
// but for lists.
func wanted(kind string, t reflect.Type, sent bool) bool {
	_, named := t.FieldByName("ObjectMeta")
	stored := named && !requestKind(kind)
	return stored != sent && !(sent && strings.HasSuffix(kind, "List"))
}

func kindsOf(scheme *runtime.Scheme, sent bool) []Kind {
	var out []Kind
	known := scheme.AllKnownTypes()
	for gvk, t := range known {
		if gvk.Version == runtime.APIVersionInternal || gvk.Group == "" && gvk.Version != "v1" || !wanted(gvk.Kind, t, sent) {
			continue
		}
		k := Kind{Group: gvk.Group, Version: gvk.Version, Kind: gvk.Kind, Type: typeName(t)}
		if hub, ok := known[schema.GroupVersionKind{Group: gvk.Group, Version: runtime.APIVersionInternal, Kind: gvk.Kind}]; ok {
			k.Hub = typeName(hub)
		}
		lifecycle(&k, reflect.New(t).Interface())
		out = append(out, k)
	}
	return out
}

func minor(major, minor int) string { return fmt.Sprintf("%d.%d", major, minor) }

func lifecycle(k *Kind, object any) {
	if o, ok := object.(interface{ APILifecycleIntroduced() (int, int) }); ok {
		k.Introduced = minor(o.APILifecycleIntroduced())
	}
	if o, ok := object.(interface{ APILifecycleDeprecated() (int, int) }); ok {
		k.Deprecated = minor(o.APILifecycleDeprecated())
	}
	if o, ok := object.(interface{ APILifecycleRemoved() (int, int) }); ok {
		k.Removed = minor(o.APILifecycleRemoved())
	}
	if o, ok := object.(interface {
		APILifecycleReplacement() schema.GroupVersionKind
	}); ok {
		r := o.APILifecycleReplacement()
		k.Replacement = r.GroupVersion().String() + " " + r.Kind
	}
}

func main() {
	kinds, priority := []Kind{}, map[string][]string{}
	sent := len(os.Args) > 1 && os.Args[1] == "sent"
	for _, scheme := range schemes() {
		kinds = append(kinds, kindsOf(scheme, sent)...)
		for _, gv := range scheme.PrioritizedVersionsAllGroups() {
			priority[gv.Group] = append(priority[gv.Group], gv.Version)
		}
	}
	for _, value := range annotated() {
		note(reflect.TypeOf(value))
	}
	sort.Slice(kinds, func(i, j int) bool {
		a, b := kinds[i], kinds[j]
		return a.Group+"/"+a.Version+"/"+a.Kind < b.Group+"/"+b.Version+"/"+b.Kind
	})
	out := json.NewEncoder(os.Stdout)
	out.SetEscapeHTML(false)
	out.SetIndent("", " ")
	if err := out.Encode(map[string]any{"kinds": kinds, "types": types, "priority": priority}); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
