// cbor asks apimachinery's CBOR serializer to read and write custom resources.
//
// One JSON request a line on standard input, one answer a line on standard output:
//
//	{"do":"decode","value":"<base64>"}   ->   {"text":"<the object as encoding/json prints it>"}
//	{"do":"encode","text":"<JSON>"}      ->   {"value":"<base64>"}
//
// or {"error":"…"}.
package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"os"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer/cbor"
	utiljson "k8s.io/apimachinery/pkg/util/json"
)

type request struct {
	Do    string
	Value []byte
	Text  string
}

type answer struct {
	Value []byte `json:"value,omitempty"`
	Text  string `json:"text,omitempty"`
	Error string `json:"error,omitempty"`
}

func main() {
	scheme := runtime.NewScheme()
	serializer := cbor.NewSerializer(scheme, scheme)
	out := json.NewEncoder(os.Stdout)
	in := bufio.NewScanner(os.Stdin)
	in.Buffer(nil, 64<<20)
	for in.Scan() {
		found, err := handle(serializer, in.Bytes())
		if err != nil {
			found = answer{Error: err.Error()}
		}
		_ = out.Encode(found)
	}
}

func handle(serializer cbor.Serializer, line []byte) (answer, error) {
	var asked request
	if err := json.Unmarshal(line, &asked); err != nil {
		return answer{}, err
	}
	object := &unstructured.Unstructured{}
	switch asked.Do {
	case "decode":
		if _, _, err := serializer.Decode(asked.Value, nil, object); err != nil {
			return answer{}, err
		}
		text, err := json.Marshal(object.Object)
		return answer{Text: string(text)}, err
	case "encode":
		if err := utiljson.Unmarshal([]byte(asked.Text), &object.Object); err != nil {
			return answer{}, err
		}
		var value bytes.Buffer
		err := serializer.Encode(object, &value)
		return answer{Value: value.Bytes()}, err
	}
	return answer{}, fmt.Errorf("%q is neither decode nor encode", asked.Do)
}
