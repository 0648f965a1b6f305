package lavalier

import (
	"bufio"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	pb "lavalier.dev/go/lavalierv1"
)

const ready = "lavalier-server listening on "

// startServer runs TEST_COMMAND, and returns the address of the server and a function that kills
// it.
func startServer(t *testing.T, port string) (string, func()) {
	words := append(strings.Fields(os.Getenv("TEST_COMMAND")), "--port", port)
	command := exec.Command(words[0], words[1:]...)
	out, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	command.Stderr = os.Stderr
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	kill := func() {
		command.Process.Kill()
		command.Wait()
	}
	t.Cleanup(kill)
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil || !strings.HasPrefix(line, ready) {
		t.Fatalf("the server printed %q, %v", line, err)
	}
	return strings.TrimSpace(strings.TrimPrefix(line, ready)), kill
}

func TestQueueThatTheServerRefusesIsShortenedAtOnce(t *testing.T) {
	c := &clock{}
	var notices []string
	var queues []int32
	refuse := func(server *call) error {
		queues = append(queues, server.subscribe.MaxLatencyMs)
		return status.Error(codes.ResourceExhausted, "memory of streams")
	}
	conn := connect(t,
		func(server *call) error {
			server.start(1)
			server.frame(0, 0, nil)
			return status.Error(codes.Unavailable, "lost")
		},
		refuse, refuse,
		func(server *call) error {
			queues = append(queues, server.subscribe.MaxLatencyMs)
			server.start(1)
			server.frame(frameSize, c.now(), nil)
			return server.waitForEnd()
		})
	stream := pull(t, conn, &pb.StreamFramesRequest{MaxLatencyMs: 8_000}, c.option,
		WithNotices(func(n Notice) { notices = append(notices, n.Message) }))
	next(t, stream)
	if gap := next(t, stream).Gap; gap != nil {
		t.Errorf("gap %v", gap)
	}
	if len(queues) != 3 || queues[0] != 8_000 || queues[1] != 2_000 || queues[2] != 500 {
		t.Errorf("queues %v ms", queues)
	}
	const end = " s, no samples are missing; the server refused a longer queue than 0.2 s"
	if len(notices) != 2 || !strings.HasSuffix(notices[1], end) || time.Duration(c.now()) > firstBackoff {
		t.Errorf("notices %q after %s", notices, time.Duration(c.now()))
	}
}

func TestServerThatWasKilledIsFoundAgain(t *testing.T) {
	if os.Getenv("TEST_COMMAND") == "" {
		t.Skip("TEST_COMMAND is not set: GoIT runs this test")
	}
	address, kill := startServer(t, "0")
	conn, err := Dial(address, grpc.WithInsecure())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	var notices []string
	stream := pull(t, conn, &pb.StreamFramesRequest{},
		WithNotices(func(n Notice) { notices = append(notices, n.Message) }))
	next(t, stream)
	epoch := stream.Started().Epoch
	kill()
	startServer(t, address[strings.LastIndexByte(address, ':')+1:])
	frame := next(t, stream)
	for stream.Started().Epoch == epoch { // frames that had arrived before the server was killed
		frame = next(t, stream)
	}
	expectGap(t, frame, frame.Gap.GetSampleCount(), pb.GapCause_GAP_CAUSE_NOT_KEPT, true)
	if missing := frame.Gap.GetSampleCount(); missing < rate/10 {
		t.Errorf("%d samples are missing (expected: those of the restart)", missing)
	}
	if len(notices) != 2 || !strings.HasPrefix(notices[0], "connection lost, reconnecting for at most 5m0s: ") ||
		!strings.HasPrefix(notices[1], "reconnected after ") {
		t.Errorf("notices %q", notices)
	}
}
