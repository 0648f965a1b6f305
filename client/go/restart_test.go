package lavalier

import (
	"bufio"
	"os"
	"os/exec"
	"strings"
	"testing"

	"google.golang.org/grpc"

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
