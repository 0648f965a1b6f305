"""A private PulseAudio daemon with a null sink: a capture device on every machine."""
import contextlib
import os
import shutil
import subprocess
import tempfile
import time


@contextlib.contextmanager
def daemon(sine=True):
    """Starts a daemon, which plays a sine or nothing. Yields the environment in which Java Sound and pactl find it."""
    directory = tempfile.mkdtemp(prefix="lavalier-pulse")
    socket = os.path.join(directory, "native")
    with open(os.path.join(directory, "daemon.pa"), "w") as script:
        script.write(f"""load-module module-native-protocol-unix socket={socket} auth-anonymous=1
load-module module-null-sink sink_name=mic rate=48000 channels=2
set-default-source mic.monitor
{"load-module module-sine sink=mic frequency=1000" if sine else ""}
""")
    with open(os.path.join(directory, "asound.conf"), "w") as alsa:
        # Without the system's configuration, which can override this default.
        alsa.write("pcm.!default { type pulse }\nctl.!default { type pulse }\n")
    environment = dict(os.environ, HOME=directory, XDG_RUNTIME_DIR=directory,
                       PULSE_RUNTIME_PATH=directory, PULSE_SERVER="unix:" + socket,
                       ALSA_CONFIG_PATH=os.path.join(directory, "asound.conf"))
    process = subprocess.Popen(
        ["pulseaudio", "-n", "--exit-idle-time=-1", "--daemonize=no", "--use-pid-file=no",
         "-F", script.name], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(100):
            listed = subprocess.run(["pactl", "list", "short", "modules"], env=environment,
                                    capture_output=True, text=True).stdout
            if ("module-sine" if sine else "module-null-sink") in listed:
                break
            time.sleep(0.1)
        else:
            raise SystemExit("pulseaudio: does not start (Debian packages: pulseaudio pulseaudio-utils)")
        yield environment
    finally:
        process.terminate()
        process.wait()
        shutil.rmtree(directory, ignore_errors=True)
