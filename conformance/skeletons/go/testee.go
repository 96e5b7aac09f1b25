// A testee around a pool in Go 1.19 or newer, standard library alone: put your pool where the naive one is.
//
//	credpool-conformance template --of go > testee.go
//	go build -o testee testee.go
//	credpool-conformance run --testee ./testee --requirement reply.unchanged
//
// Passes: reply.unchanged, request.redirect, recover.whole-body, recover.stream.no-retry, select.default
// Next: recover.*, classify.*, cooldown.*, select.*, exhaust.*, pool.*, request.*, security.*
// The protocol is one page: `credpool-conformance protocol`.
package main

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"sort"
	"strconv"
	"strings"
	"sync"
)

// Who is tested: the smallest profile. Declare more when your pool has it: what is declared is checked.
const hello = `{"name": "my-pool", "version": "0.1.0", "language": "Go", "protocol": 1, "spec": "1.0-draft",
	"features": [], "clock": "virtual", "providers": [], "strategies": [], "credentials": ["api_key"],
	"policy": [], "tells": []}`

type Entry struct {
	ID, Secret string
	Priority   int
	BaseURL    string `json:"base_url"`
}

type Request struct {
	Method, Path string
	Headers      map[string]string
	Body         json.RawMessage
	Stream       bool
}

type Attempt map[string]string // which entry was tried, and what was done then

// YOUR POOL GOES HERE. This one uses its first key alone, and tries a 429 again once.
type Pool struct {
	BaseURL string `json:"base_url"`
	Entries []Entry
}

// call returns no response when every entry is out. It never sleeps: the suite waits, and says when to go on.
func (pool *Pool) call(request Request, now float64, wait func(until float64) float64) (*http.Response, []Attempt, error) {
	entry, attempts := pool.Entries[0], []Attempt{}
	response, err := pool.send(entry, request)
	if err == nil && response.StatusCode == 429 {
		response.Body.Close()
		attempts = append(attempts, Attempt{"entry": entry.ID, "action": "retry"})
		if hint, _ := strconv.ParseFloat(response.Header.Get("Retry-After"), 64); hint > 0 && hint <= 10 {
			now = wait(now + hint)
		}
		response, err = pool.send(entry, request)
	}
	return response, append(attempts, Attempt{"entry": entry.ID, "action": "deliver"}), err
}

// send sends one request. The suite is the provider: this is real HTTP, to this machine.
func (pool *Pool) send(entry Entry, request Request) (*http.Response, error) {
	base := map[bool]string{true: pool.BaseURL, false: entry.BaseURL}[entry.BaseURL == ""]
	sent, err := http.NewRequest(request.Method, base+request.Path, bytes.NewReader(request.Body))
	if err != nil {
		return nil, err
	}
	for name, value := range request.Headers {
		sent.Header.Set(name, value)
	}
	sent.Header.Set("Authorization", "Bearer "+entry.Secret)
	return transport.RoundTrip(sent) // which follows no redirect
}

// inspect changes nothing. A status is ok, exhausted or dead.
func (pool *Pool) inspect(now float64) any {
	states := []any{}
	for _, entry := range pool.Entries {
		states = append(states, map[string]any{"id": entry.ID, "status": "ok"})
	}
	return map[string]any{"entries": states}
}

// From here on it is the protocol, and nothing to change.
type Message struct {
	Cmd, Call string
	Seq       int
	Now       float64
	Pool      *Pool
	Request   Request
}

var transport, writing = http.Transport{DisableCompression: true}, sync.Mutex{}

// answer writes one reply, one line. Nothing else may go to standard output, and no secret anywhere.
func answer(seq int, kind string, content any) {
	writing.Lock()
	defer writing.Unlock()
	json.NewEncoder(os.Stdout).Encode(map[string]any{"seq": seq, kind: content})
}

// run makes a call beside others; after a `wait` or a first part, it answers to the `resume`.
func run(pool *Pool, message Message, resumed chan Message) {
	response, attempts, err := pool.call(message.Request, message.Now, func(until float64) float64 {
		answer(message.Seq, "wait", map[string]any{"until": until, "why": "retry"})
		next := <-resumed
		message.Seq = next.Seq
		return next.Now
	})
	failed := map[string]any{"outcome": "failed", "attempts": attempts}
	if err == nil && response == nil { // every entry is out
		failed["outcome"] = "exhausted"
	}
	if response == nil { // the text of an error may hold a secret
		answer(message.Seq, "result", failed)
		return
	}
	defer response.Body.Close()
	headers, body := map[string]string{}, []byte{}
	for name, values := range response.Header {
		headers[strings.ToLower(name)] = strings.Join(values, ", ")
	}
	result := map[string]any{"status": response.StatusCode, "headers": headers, "attempts": attempts}
	if message.Request.Stream && response.StatusCode < 300 {
		first := make([]byte, 4096)
		n, _ := response.Body.Read(first)
		body, result["outcome"], result["body"] = first[:n], "streaming", string(first[:n])
		answer(message.Seq, "result", result)
		message.Seq = (<-resumed).Seq // the caller has the first bytes, and asks for the rest
	}
	rest, err := io.ReadAll(response.Body)
	if result["outcome"], result["body"] = "delivered", string(append(body, rest...)); err != nil {
		result = failed
	}
	answer(message.Seq, "result", result)
}

func main() {
	pool, resumed := &Pool{}, map[string]chan Message{}
	for lines := json.NewDecoder(os.Stdin); ; {
		message := Message{}
		if lines.Decode(&message) != nil {
			return // nothing comes any more
		}
		switch message.Cmd {
		case "hello":
			answer(message.Seq, "hello", json.RawMessage(hello))
		case "configure": // a new pool; answer `refused` when yours refuses the configuration
			pool = message.Pool
			sort.SliceStable(pool.Entries, func(a, b int) bool { return pool.Entries[a].Priority < pool.Entries[b].Priority })
			answer(message.Seq, "ok", true)
		case "call":
			resumed[message.Call] = make(chan Message, 1)
			go run(pool, message, resumed[message.Call])
		case "resume":
			resumed[message.Call] <- message
		case "inspect":
			answer(message.Seq, "pool", pool.inspect(message.Now))
		default: // `restart`: forget what is not durable, read the rest again; `stop`
			answer(message.Seq, "ok", true)
		}
	}
}
