package main

import (
	"reflect"
	"sort"
	"strings"

	apiextensionsfuzzer "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/fuzzer"
	apiextensions "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/install"
	"k8s.io/apimachinery/pkg/api/apitesting/fuzzer"
	metafuzzer "k8s.io/apimachinery/pkg/apis/meta/fuzzer"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	apiregistration "k8s.io/kube-aggregator/pkg/apis/apiregistration/install"
	"k8s.io/kubernetes/pkg/api/legacyscheme"
	kubefuzzer "k8s.io/kubernetes/pkg/api/testing"
	_ "k8s.io/kubernetes/pkg/controlplane" // installs every built-in group into legacyscheme
)

// family is one of the three schemes of a kube-apiserver: built-in groups, CRDs themselves, APIServices.
type family struct {
	scheme *runtime.Scheme
	codecs serializer.CodecFactory
	fill   fuzzer.FuzzerFuncs
}

var (
	kube       = family{legacyscheme.Scheme, legacyscheme.Codecs, kubefuzzer.FuzzerFuncs}
	extensions = newFamily(apiextensions.Install, fuzzer.MergeFuzzerFuncs(metafuzzer.Funcs, apiextensionsfuzzer.Funcs))
	aggregator = newFamily(apiregistration.Install, metafuzzer.Funcs)
)

func newFamily(install func(*runtime.Scheme), fill fuzzer.FuzzerFuncs) family {
	scheme := runtime.NewScheme()
	install(scheme)
	return family{scheme, serializer.NewCodecFactory(scheme), fill}
}

func familyOf(group string) family {
	switch group {
	case "apiextensions.k8s.io":
		return extensions
	case "apiregistration.k8s.io":
		return aggregator
	}
	return kube
}

// stored lists the kinds of a family that lie in etcd, or once did, in a fixed order.
func (f family) stored() []schema.GroupVersionKind {
	var out []schema.GroupVersionKind
	for gvk, goType := range f.scheme.AllKnownTypes() {
		_, object := goType.FieldByName("ObjectMeta")
		if !object || gvk.Version == runtime.APIVersionInternal || strings.HasSuffix(gvk.Kind, "List") {
			continue
		}
		if gvk.Group == "" && gvk.Version != "v1" { // metav1's own, registered under __internal and others
			continue
		}
		out = append(out, gvk)
	}
	sort.Slice(out, func(i, j int) bool { return out[i].String() < out[j].String() })
	return out
}

// targets lists the versions that an object can be stored in: those whose kind has the same internal Go type, which
// for extensions and events leads into other groups.
func (f family) targets(gvk schema.GroupVersionKind) []schema.GroupVersion {
	hub := f.hub(gvk.GroupKind())
	var out []schema.GroupVersion
	for other := range f.scheme.AllKnownTypes() {
		if other.Kind == gvk.Kind && other.Version != runtime.APIVersionInternal && hub != nil && f.hub(other.GroupKind()) == hub {
			out = append(out, other.GroupVersion())
		}
	}
	sort.Slice(out, func(i, j int) bool { return out[i].String() < out[j].String() })
	return out
}

func (f family) hub(kind schema.GroupKind) reflect.Type {
	return f.scheme.AllKnownTypes()[kind.WithVersion(runtime.APIVersionInternal)]
}
