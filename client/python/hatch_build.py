"""Generates the Python code of the contract when the wheel is built.

It uses protoc and grpc_python_plugin if both are installed (Debian: protobuf-compiler and
protobuf-compiler-grpc), and grpcio-tools otherwise.
"""
import os
import shutil
import subprocess
import sys
import tempfile

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

PLUGIN = "grpc_python_plugin"
FILES = ("lavalier/v1/audio_capture.proto", "lavalier/v1/admin.proto")
# In the repository, and in a source distribution.
PROTO_FOLDERS = ("../../proto/src/main/proto", "proto")


def has_protoc():
    return bool(shutil.which("protoc") and shutil.which(PLUGIN))


class ContractHook(BuildHookInterface):
    """Adds lavalier/v1/*_pb2.py, *_pb2.pyi and *_pb2_grpc.py to the wheel."""

    def dependencies(self):
        """Returns what an isolated build needs. Older versions of hatchling do not call this."""
        return [] if has_protoc() else ["grpcio-tools>=1.51"]

    def initialize(self, version, build_data):
        protos = next((folder for folder in (os.path.normpath(os.path.join(self.root, each)) for each in PROTO_FOLDERS)
                       if os.path.exists(os.path.join(folder, FILES[0]))), None)
        if protos is None:
            sys.exit("proto: none (expected: the repository, or a source distribution, around hatch_build.py)")
        self.generated = tempfile.mkdtemp()
        if has_protoc():
            command = ["protoc", f"--plugin=protoc-gen-grpc_python={shutil.which(PLUGIN)}"]
        else:
            command = [sys.executable, "-m", "grpc_tools.protoc"]
        outputs = [f"--{kind}_out={self.generated}" for kind in ("python", "pyi", "grpc_python")]
        if subprocess.run([*command, "-I", protos, *outputs, *FILES]).returncode != 0:
            sys.exit("protoc: it failed (expected: protoc 3.20 or newer and grpc_python_plugin, or grpcio-tools)")
        package = os.path.join("lavalier", "v1")
        for name in sorted(os.listdir(os.path.join(self.generated, package))):
            build_data["force_include"][os.path.join(self.generated, package, name)] = f"{package}/{name}"

    def finalize(self, version, build_data, artifact_path):
        shutil.rmtree(self.generated)
