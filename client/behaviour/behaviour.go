// The Go client of the behaviour tests. README.md describes the commands and events.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"log"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	lavalier "lavalier.dev/go"
	pb "lavalier.dev/go/lavalierv1"
)

type options struct {
	Server       string `json:"server"`
	Device       string `json:"device"`
	MaxLatencyMs int32  `json:"max_latency_ms"`
	PrerollMs    int32  `json:"preroll_ms"`
	Wait         bool   `json:"wait"`
	Ca           string `json:"ca"`
	TokenFile    string `json:"token_file"`
}

type fields map[string]interface{}

// kinds has the names of the kinds of errors in their order.
var kinds = []string{"INTERNAL", "INVALID_REQUEST", "DEVICE_NOT_FOUND", "FORMAT_NOT_AVAILABLE", "LIMIT_REACHED",
	"UNAVAILABLE", "NOT_AUTHENTICATED", "NOT_PERMITTED", "CANCELLED", "NOT_SUPPORTED", "TLS_FAILED"}

var (
	pauseMs int64
	stream  atomic.Pointer[lavalier.Stream]
)

func main() {
	requests := make(chan string, 1)
	go readCommands(requests)
	emit("ready", fields{})
	for text := range requests {
		var o options
		if err := json.Unmarshal([]byte(text), &o); err != nil {
			log.Fatal(err)
		}
		end(run(o))
	}
}

func readCommands(requests chan<- string) {
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		command, argument, _ := strings.Cut(lines.Text(), " ")
		switch command {
		case "open":
			requests <- argument
		case "pause":
			ms, err := strconv.ParseInt(argument, 10, 64)
			if err != nil {
				log.Fatal(err)
			}
			atomic.StoreInt64(&pauseMs, ms)
		case "close":
			stream.Load().Close()
		}
	}
	close(requests)
}

func emit(event string, more fields) {
	more["event"] = event
	line, err := json.Marshal(more)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%s\n", line)
}

// end reports the error of a stream. A stream that was closed ends with the kind Cancelled.
func end(err error) {
	failure, ok := err.(*lavalier.Error)
	if !ok {
		log.Fatal(err)
	}
	if failure.Kind == lavalier.Cancelled {
		emit("end", fields{"error": "", "message": ""})
	} else {
		emit("end", fields{"error": kinds[failure.Kind], "message": failure.Message})
	}
}

func dial(o options) (*grpc.ClientConn, error) {
	var dialOptions []grpc.DialOption
	if o.Ca == "" {
		dialOptions = append(dialOptions, grpc.WithInsecure())
	} else {
		tls, err := credentials.NewClientTLSFromFile(o.Ca, "")
		if err != nil {
			return nil, err
		}
		dialOptions = append(dialOptions, grpc.WithTransportCredentials(tls))
	}
	if o.TokenFile != "" {
		dialOptions = append(dialOptions, grpc.WithPerRPCCredentials(lavalier.TokenSource(
			func(context.Context) (string, error) {
				emit("token", fields{})
				token, err := os.ReadFile(o.TokenFile)
				return strings.TrimSpace(string(token)), err
			})))
	}
	return lavalier.Dial(o.Server, dialOptions...)
}

func run(o options) error {
	conn, err := dial(o)
	if err != nil {
		return err
	}
	defer conn.Close()
	request := &pb.StreamFramesRequest{DeviceId: o.Device, MaxLatencyMs: o.MaxLatencyMs}
	if o.Wait {
		request.OnDeviceLoss = pb.OnDeviceLoss_ON_DEVICE_LOSS_WAIT
	}
	if o.PrerollMs > 0 {
		request.Start = &pb.StreamFramesRequest_PrerollMs{PrerollMs: o.PrerollMs}
	}
	s, err := lavalier.Pull(context.Background(), conn, request, lavalier.WithNotices(func(n lavalier.Notice) {
		emit("notice", fields{"message": n.Message})
	}))
	if err != nil {
		return err
	}
	stream.Store(s)
	epoch := int64(0)
	for {
		frame, err := s.Next()
		if err != nil {
			return err
		}
		now := time.Now().UnixNano()
		if started := s.Started(); started.Epoch != epoch {
			epoch = started.Epoch
			emit("started", fields{"epoch": epoch, "rate": started.Format.SampleRateHz,
				"frame_size": started.FrameSize, "preroll_ms": started.PrerollMs})
		}
		age := now - frame.CaptureTimeUnixNanos - int64(frame.ReadDelayMicros)*1_000
		emit("frame", fields{"index": frame.SampleIndex, "time_us": frame.CaptureTimeUnixNanos / 1_000,
			"age_ms": age / 1_000_000, "gap": parts(frame.Gap)})
		if ms := atomic.SwapInt64(&pauseMs, 0); ms > 0 {
			emit("paused", fields{})
			time.Sleep(time.Duration(ms) * time.Millisecond)
			emit("resumed", fields{})
		}
	}
}

func parts(gap *pb.Gap) [][]interface{} {
	list := [][]interface{}{}
	if gap == nil {
		return list
	}
	of := gap.Parts
	if len(of) == 0 {
		of = []*pb.GapPart{{SampleCount: gap.SampleCount, Cause: gap.Cause, Estimated: gap.Estimated}}
	}
	for _, part := range of {
		cause := strings.TrimPrefix(part.Cause.String(), "GAP_CAUSE_")
		list = append(list, []interface{}{part.SampleCount, cause, part.Estimated})
	}
	return list
}
