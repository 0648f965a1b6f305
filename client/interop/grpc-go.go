// Reads a stream with grpc-go: see README.md.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"log"
	"os"
	"strconv"
	"time"

	"google.golang.org/grpc"

	pb "lavalier.dev/go/lavalierv1"
)

type result struct {
	Client             string `json:"client"`
	First              int64  `json:"first"`
	Next               int64  `json:"next"`
	Received           int64  `json:"received"`
	Missing            int64  `json:"missing"`
	MissingBeforePause int64  `json:"missing_before_pause"`
	Misplaced          int64  `json:"misplaced"`
	Wrong              int64  `json:"wrong"`
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

func number(text string) int64 {
	value, err := strconv.ParseInt(text, 10, 64)
	check(err)
	return value
}

func main() {
	server, wav, seconds, pauseSeconds := os.Args[1], os.Args[2], number(os.Args[3]), number(os.Args[4])
	file, err := os.ReadFile(wav)
	check(err)
	played := file[44:]
	loop := append(append([]byte{}, played...), played...)
	connection, err := grpc.Dial(server, grpc.WithInsecure())
	check(err)
	ctx, cancel := context.WithCancel(context.Background())
	call, err := pb.NewAudioCaptureClient(connection).StreamFrames(
		ctx, &pb.StreamFramesRequest{DeviceId: "numbers", FrameSize: 240, MaxLatencyMs: 1000})
	check(err)
	r := result{Client: "grpc-go " + grpc.Version, First: -1}
	var samples, sampleBytes int64
	paused := false
	for {
		message, err := call.Recv()
		check(err)
		if started := message.GetStarted(); started != nil {
			samples = seconds * int64(started.Format.SampleRateHz)
			sampleBytes = 4 * int64(started.Format.ChannelCount)
		}
		frame := message.GetFrame()
		if frame == nil {
			continue
		}
		size := int64(len(frame.Pcm))
		at := frame.SampleIndex * sampleBytes % int64(len(played))
		if !bytes.Equal(frame.Pcm, loop[at:at+size]) {
			r.Wrong++
		}
		if r.First < 0 {
			r.First = frame.SampleIndex
		} else {
			gap := frame.GetGap().GetSampleCount()
			if frame.SampleIndex != r.Next+gap {
				r.Misplaced++
			}
			r.Missing += gap
			if !paused {
				r.MissingBeforePause += gap
			}
		}
		r.Received += size / sampleBytes
		r.Next = frame.SampleIndex + size/sampleBytes
		if r.Next-r.First >= samples {
			break
		}
		if !paused && r.Next-r.First >= samples/2 {
			paused = true
			time.Sleep(time.Duration(pauseSeconds) * time.Second)
		}
	}
	cancel()
	check(connection.Close())
	check(json.NewEncoder(os.Stdout).Encode(r))
}
