// Porcupine on dynaproof's JSON lines: one JSON object per file, with verdict and times.
//
//	porcupine [-limit seconds] FILE...
//
// A key is a register with compare-and-set and delete, or, if anything is appended, a string. An operation of
// unknown outcome returns at the end of time and may have any effect that it can have there; a pending read
// says nothing and is left out, and so is what certainly did not happen. Keys are Porcupine's partitions.
package main

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"math"
	"os"
	"syscall"
	"time"

	"github.com/anishathalye/porcupine"
)

type line struct {
	Process int             `json:"process"`
	F       string          `json:"f"`
	Key     string          `json:"key"`
	Call    int64           `json:"call"`
	Return  *int64          `json:"return"`
	Value   json.RawMessage `json:"value"`
	Ok      *bool           `json:"ok"`
	Seen    json.RawMessage `json:"seen"`
}

const (
	read = iota
	write
	cas
	failed
	differs
	appended
	stringRead
)

// One operation: values are codes of their JSON text, 0 is absent; text is for strings only.
type operation struct {
	kind       int
	key        string
	need, left int32
	pending    bool
	text       string
}

type table map[string]int32

func (t table) code(raw json.RawMessage) int32 {
	text := string(raw)
	if text == "" || text == "null" {
		return 0
	}
	if code, known := t[text]; known {
		return code
	}
	t[text] = int32(len(t) + 1)
	return t[text]
}

func partition(history []porcupine.Operation) [][]porcupine.Operation {
	places := map[string]int{}
	var parts [][]porcupine.Operation
	for _, o := range history {
		key := o.Input.(operation).key
		at, known := places[key]
		if !known {
			at = len(parts)
			places[key] = at
			parts = append(parts, nil)
		}
		parts[at] = append(parts[at], o)
	}
	return parts
}

var register = porcupine.Model{
	Partition: partition,
	Init:      func() interface{} { return int32(0) },
	Step: func(state, input, _ interface{}) (bool, interface{}) {
		now, o := state.(int32), input.(operation)
		switch o.kind {
		case read:
			return now == o.need, state
		case differs:
			return now != o.need, state
		case failed:
			return now == o.need && now != o.left, state // left is what it expected, and did not see.
		case write:
			return true, o.left
		}
		if now == o.need {
			return true, o.left
		}
		return o.pending, state
	},
}

var text = porcupine.Model{
	Partition: partition,
	Init:      func() interface{} { return "" },
	Step: func(state, input, _ interface{}) (bool, interface{}) {
		now, o := state.(string), input.(operation)
		switch o.kind {
		case stringRead:
			return now == o.text, state
		case appended:
			return true, now + o.text
		}
		return true, o.text
	},
}

func parse(file string) ([]porcupine.Operation, porcupine.Model, error) {
	opened, err := os.Open(file)
	if err != nil {
		return nil, register, err
	}
	defer opened.Close()
	var lines []line
	appends := false
	scanner := bufio.NewScanner(opened)
	scanner.Buffer(make([]byte, 1<<20), 1<<26)
	for scanner.Scan() {
		if len(scanner.Bytes()) == 0 {
			continue
		}
		var l line
		if err := json.Unmarshal(scanner.Bytes(), &l); err != nil {
			return nil, register, err
		}
		appends = appends || l.F == "append"
		lines = append(lines, l)
	}
	if err := scanner.Err(); err != nil {
		return nil, register, err
	}
	values := table{}
	var history []porcupine.Operation
	for _, l := range lines {
		o := operation{key: l.Key, pending: l.Return == nil}
		refused := l.Ok != nil && !*l.Ok
		switch {
		case l.F == "read" && (o.pending || refused), l.F != "cas" && refused:
			continue
		case appends:
			var s string
			if len(l.Value) > 0 && string(l.Value) != "null" {
				if err := json.Unmarshal(l.Value, &s); err != nil {
					return nil, register, err
				}
			}
			o.kind, o.text = map[string]int{"read": stringRead, "append": appended, "write": write}[l.F], s
		case l.F == "read":
			o.kind, o.need = read, values.code(l.Value)
		case l.F == "write":
			o.kind, o.left = write, values.code(l.Value)
		case l.F == "delete":
			o.kind = write
		case l.F == "cas":
			var pair [2]json.RawMessage
			if err := json.Unmarshal(l.Value, &pair); err != nil {
				return nil, register, err
			}
			o.kind, o.need, o.left = cas, values.code(pair[0]), values.code(pair[1])
			if refused && l.Seen == nil {
				o.kind = differs
			} else if refused {
				o.kind, o.left, o.need = failed, o.need, values.code(l.Seen)
			}
		default:
			return nil, register, fmt.Errorf("unknown function %q", l.F)
		}
		end := int64(math.MaxInt64)
		if l.Return != nil {
			end = *l.Return
		}
		history = append(history, porcupine.Operation{ClientId: l.Process, Input: o, Call: l.Call, Return: end})
	}
	if appends {
		return history, text, nil
	}
	return history, register, nil
}

func cpu() time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		panic(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

func main() {
	limit := flag.Float64("limit", 30, "seconds until a check is given up")
	flag.Parse()
	output := json.NewEncoder(os.Stdout)
	for _, file := range flag.Args() {
		began := time.Now()
		history, model, err := parse(file)
		if err != nil {
			fmt.Fprintf(os.Stderr, "%s: %v\n", file, err)
			os.Exit(2)
		}
		parsed, used := time.Now(), cpu()
		verdict := porcupine.CheckOperationsTimeout(model, history, time.Duration(*limit*float64(time.Second)))
		ended := time.Now()
		names := map[porcupine.CheckResult]string{
			porcupine.Ok: "linearizable", porcupine.Illegal: "not linearizable", porcupine.Unknown: "unknown",
		}
		output.Encode(map[string]interface{}{
			"file": file, "verdict": names[verdict], "operations": len(history),
			"parse_ms": float64(parsed.Sub(began).Microseconds()) / 1000,
			"check_ms": float64(ended.Sub(parsed).Microseconds()) / 1000,
			"cpu_ms":   float64((cpu() - used).Microseconds()) / 1000,
		})
	}
}
