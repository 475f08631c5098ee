package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// Question holds stored bytes, and which versions and media types they are wanted in.
type Question struct {
	Name   string          `json:"name,omitempty"`
	Value  []byte          `json:"value,omitempty"`  // stored bytes, base64
	Object json.RawMessage `json:"object,omitempty"` // instead of Value: an object stored as JSON
	To     []string        `json:"to,omitempty"`     // group/versions; none means all there are
	Media  []string        `json:"media,omitempty"`  // protobuf, json; none means protobuf
}

// Answer is one golden case.
type Answer struct {
	Name  string            `json:"name"`
	From  string            `json:"from"`
	Kind  string            `json:"kind"`
	In    []byte            `json:"in"`                // stored bytes, base64
	JSON  json.RawMessage   `json:"json,omitempty"`    // In in its own version, nothing defaulted
	Out   map[string][]byte `json:"out"`               // group/version to protobuf bytes
	OutJ  map[string]string `json:"outJSON,omitempty"` // group/version to JSON bytes, as text
	Error map[string]string `json:"error,omitempty"`   // what the scheme refuses: "" for reading, else version and media type
}

var mediaTypes = map[string]string{
	"protobuf": runtime.ContentTypeProtobuf,
	"json":     runtime.ContentTypeJSON,
}

func answer(q Question) Answer {
	data := q.Value
	if data == nil {
		data = q.Object
	}
	a := Answer{Name: q.Name, In: data, Out: map[string][]byte{}, Error: map[string]string{}}
	f := familyOf(groupOf(data))
	gvk, text, err := f.asStored(data)
	if err != nil {
		a.Error[""] = err.Error()
		return a
	}
	a.From, a.Kind, a.JSON = gvk.GroupVersion().String(), gvk.Kind, text
	if len(q.Media) == 0 {
		q.Media = []string{"protobuf"}
	}
	for _, to := range f.wanted(q.To, gvk) {
		for _, media := range q.Media {
			out, err := safely(func() ([]byte, error) { return f.rewrite(data, to, media) })
			switch {
			case err != nil:
				a.Error[to.String()+" "+media] = err.Error()
			case media == "protobuf":
				a.Out[to.String()] = out
			default:
				if a.OutJ == nil {
					a.OutJ = map[string]string{}
				}
				a.OutJ[to.String()] = string(out)
			}
		}
	}
	return a
}

func (f family) wanted(names []string, gvk schema.GroupVersionKind) []schema.GroupVersion {
	if len(names) == 0 {
		return f.targets(gvk)
	}
	out := make([]schema.GroupVersion, len(names))
	for i, name := range names {
		out[i], _ = schema.ParseGroupVersion(name)
	}
	return out
}

// asStored reads an object in its own version, with nothing defaulted, and prints it.
func (f family) asStored(data []byte) (gvk schema.GroupVersionKind, text []byte, err error) {
	text, err = safely(func() ([]byte, error) {
		object, found, err := f.codecs.UniversalDeserializer().Decode(data, nil, nil)
		if err != nil {
			return nil, err
		}
		gvk = *found
		object.GetObjectKind().SetGroupVersionKind(gvk)
		return json.Marshal(object)
	})
	return gvk, text, err
}

// rewrite is a read and a write of the apiserver: decode, default, convert to the internal version, convert, encode.
func (f family) rewrite(data []byte, to schema.GroupVersion, media string) ([]byte, error) {
	decoder := f.codecs.DecoderToVersion(f.codecs.UniversalDeserializer(), runtime.InternalGroupVersioner)
	object, _, err := decoder.Decode(data, nil, nil)
	if err != nil {
		return nil, err
	}
	return f.encode(object, to, media)
}

// encode writes an internal object as its storage codec does; the versioner accepts the groups that the kind lives
// in, as the apiserver's storage factory makes it do for kinds that moved (extensions, events).
func (f family) encode(object runtime.Object, to schema.GroupVersion, media string) ([]byte, error) {
	kinds, _, err := f.scheme.ObjectKinds(object)
	if err != nil {
		return nil, err
	}
	groups := []schema.GroupKind{{Group: to.Group}}
	for _, kind := range kinds {
		groups = append(groups, schema.GroupKind{Group: kind.Group})
	}
	serializer, err := f.serializer(media)
	if err != nil {
		return nil, err
	}
	return runtime.Encode(f.codecs.EncoderForVersion(serializer, runtime.NewMultiGroupVersioner(to, groups...)), object)
}

func (f family) serializer(media string) (runtime.Serializer, error) {
	info, ok := runtime.SerializerInfoForMediaType(f.codecs.SupportedMediaTypes(), mediaTypes[media])
	if !ok {
		return nil, fmt.Errorf("no media type %q", media)
	}
	return info.Serializer, nil
}

// groupOf reads the API group alone, which decides whose scheme knows the object.
func groupOf(data []byte) string {
	var apiVersion string
	if body, ok := bytes.CutPrefix(data, []byte("k8s\x00")); ok {
		var envelope runtime.Unknown
		if envelope.Unmarshal(body) == nil {
			apiVersion = envelope.APIVersion
		}
	} else {
		var head struct {
			APIVersion string `json:"apiVersion"`
		}
		json.Unmarshal(data, &head) // what is not JSON belongs to no group, and decoding says why
		apiVersion = head.APIVersion
	}
	group, _, versioned := strings.Cut(apiVersion, "/")
	if !versioned {
		return ""
	}
	return group
}

// safely turns a panic into an error: upstream's decoders panic on some malformed input.
func safely(do func() ([]byte, error)) (out []byte, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic: %v", r)
		}
	}()
	return do()
}
