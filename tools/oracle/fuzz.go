package main

import (
	"encoding/json"
	"fmt"
	"math/rand"
	"os"
	"reflect"
	"strings"

	"k8s.io/apimachinery/pkg/api/apitesting/fuzzer"
	"k8s.io/apimachinery/pkg/api/meta"
	metafuzzer "k8s.io/apimachinery/pkg/apis/meta/fuzzer"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

type fuzzOptions struct {
	seed    int64
	count   int
	unset   float64
	group   string
	mode    string
	media   string
	sources string
}

// fuzz prints a golden case for each object it makes. `hub` objects are internal ones, filled by upstream's own
// fillers and written in a version, so they are plausible; `raw` ones are versioned and filled blindly, so that
// defaulting has something to do.
func fuzz(options fuzzOptions, out *json.Encoder) {
	values := enumerations(options.sources)
	for _, f := range []family{kube, extensions, aggregator} {
		random := rand.New(rand.NewSource(options.seed))
		hub := fuzzer.FuzzerFor(f.fill, rand.NewSource(options.seed), f.codecs)
		raw := fuzzer.FuzzerFor(fuzzer.MergeFuzzerFuncs(metafuzzer.Funcs), rand.NewSource(options.seed), f.codecs).
			NilChance(options.unset).NumElements(1, 3).MaxDepth(12)
		for _, gvk := range f.stored() {
			if options.group != "*" && gvk.Group != options.group {
				continue
			}
			for i := range options.count {
				if options.mode != "raw" && f.hub(gvk.GroupKind()) != nil {
					f.emit(out, fmt.Sprintf("hub/%s/%d", gvk, i), func() ([]byte, error) {
						object, err := f.scheme.New(gvk.GroupKind().WithVersion(runtime.APIVersionInternal))
						if err != nil {
							return nil, err
						}
						fill(hub, object)
						name(object, gvk.Kind, i)
						return f.encode(object, gvk.GroupVersion(), options.media)
					})
				}
				if options.mode != "hub" {
					f.emit(out, fmt.Sprintf("raw/%s/%d", gvk, i), func() ([]byte, error) {
						return f.blind(gvk, i, options, raw, random, values)
					})
				}
			}
		}
	}
}

// blind makes a versioned object; with unset = 1 the first of each kind is empty.
func (f family) blind(gvk schema.GroupVersionKind, i int, options fuzzOptions, filler any, random *rand.Rand, values map[string][]string) ([]byte, error) {
	object, err := f.scheme.New(gvk)
	if err != nil {
		return nil, err
	}
	if options.unset < 1 || i > 0 {
		fill(filler, object)
		enumerate(reflect.ValueOf(object), random, values, 0)
	}
	object.GetObjectKind().SetGroupVersionKind(gvk)
	name(object, gvk.Kind, i)
	serializer, err := f.serializer(options.media)
	if err != nil {
		return nil, err
	}
	return runtime.Encode(serializer, object)
}

func (f family) emit(out *json.Encoder, name string, make func() ([]byte, error)) {
	data, err := safely(make)
	if err != nil {
		fmt.Fprintln(os.Stderr, name, err)
		return
	}
	out.Encode(answer(Question{Name: name, Value: data, Media: []string{"protobuf", "json"}}))
}

// fill calls Fill, or Fuzz as the same method was called in releases up to 1.32.
func fill(filler, object any) {
	value := reflect.ValueOf(filler)
	method := value.MethodByName("Fill")
	if !method.IsValid() {
		method = value.MethodByName("Fuzz")
	}
	method.Call([]reflect.Value{reflect.ValueOf(object)})
}

// name gives an object a name that etcd's keys could hold, and no place in time.
func name(object runtime.Object, kind string, i int) {
	accessor, err := meta.Accessor(object)
	if err != nil {
		return
	}
	accessor.SetName(fmt.Sprintf("%s-%d", strings.ToLower(kind), i))
	if accessor.GetNamespace() != "" {
		accessor.SetNamespace("default")
	}
	accessor.SetResourceVersion("")
	accessor.SetSelfLink("")
}
