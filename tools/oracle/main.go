// oracle answers for kube-apiserver's storage codec: what does this release make of these stored bytes?
//
//	oracle serve                     questions as JSON lines on standard input, answers on standard output, one each
//	oracle fuzz [-seed S] [-n N] …   objects of every stored kind filled at random, as golden cases
//
// It links the very schemes and codecs that kube-apiserver is built from; which release, go.mod decides.
package main

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
)

func main() {
	if len(os.Args) < 2 {
		fail("usage: oracle serve | fuzz")
	}
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	switch os.Args[1] {
	case "serve":
		serve(os.Stdin, out)
	case "fuzz":
		var options fuzzOptions
		flags := flag.NewFlagSet("fuzz", flag.ExitOnError)
		flags.Int64Var(&options.seed, "seed", 1, "seed of everything random")
		flags.IntVar(&options.count, "n", 3, "objects a kind and mode")
		flags.Float64Var(&options.unset, "unset", .4, "chance that an optional field is unset; 1 gives empty objects")
		flags.StringVar(&options.group, "group", "*", "only this API group")
		flags.StringVar(&options.mode, "mode", "both", "hub: internal objects by upstream's fillers; raw: versioned ones, filled blindly; both")
		flags.StringVar(&options.media, "media", "protobuf", "what the stored bytes are written as: protobuf or json")
		flags.StringVar(&options.sources, "sources", "", "the sources of k8s.io/api, for the values of its enumerations; default: where go has them")
		flags.Parse(os.Args[2:])
		fuzz(options, encoder(out))
	default:
		fail("usage: oracle serve | fuzz")
	}
}

// serve answers each line and flushes, so that a caller can take turns with it.
func serve(in io.Reader, out *bufio.Writer) {
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, 256<<20)
	answers := encoder(out)
	for lines.Scan() {
		var question Question
		if err := json.Unmarshal(lines.Bytes(), &question); err != nil {
			answers.Encode(Answer{Error: map[string]string{"": err.Error()}})
		} else {
			answers.Encode(answer(question))
		}
		out.Flush()
	}
	if err := lines.Err(); err != nil {
		fail(err.Error())
	}
}

func encoder(out io.Writer) *json.Encoder {
	e := json.NewEncoder(out)
	e.SetEscapeHTML(false)
	return e
}

func fail(message string) {
	fmt.Fprintln(os.Stderr, message)
	os.Exit(2)
}
