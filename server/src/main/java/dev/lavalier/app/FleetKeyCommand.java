package dev.lavalier.app;

import dev.lavalier.fleet.nats.Nkey;
import dev.lavalier.fleet.nats.Permissions;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** The command {@code lavalier-server fleet-key}, which makes the key of a server of a fleet. */
@Command(
    name = "fleet-key",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description = {
      "Makes the key that identifies a node or an edge to NATS. Writes its seed, which is secret, to"
          + " a new file for --fleet-key that only its owner can read.",
      "Prints the entry with the public key and the permissions for the list of users in the"
          + " configuration of nats-server."
    },
    footer = {"", "Exit codes: 0 success, 1 failure, 2 wrong usage."})
final class FleetKeyCommand implements Callable<Integer> {

  /** The server that the key identifies: one of the two. */
  static final class Owner {
    @Option(names = "--node", paramLabel = "ID", description = "Id of the node that has the key.")
    private @Nullable String node;

    @Option(names = "--edge", paramLabel = "ID", description = "Id of the edge that has the key.")
    private @Nullable String edge;
  }

  @Option(
      names = "--record",
      description =
          "Permit also what recording needs: a node to publish recorded devices, an edge to read"
              + " them.")
  private boolean record;

  @Spec private CommandSpec spec;

  @ArgGroup(multiplicity = "1")
  private Owner owner;

  @Parameters(paramLabel = "FILE", description = "File for the seed. It must not exist.")
  private Path file;

  @Override
  public Integer call() {
    try {
      Nkey key = Nkey.generate();
      String entry =
          owner.node != null
              ? Permissions.ofNode(owner.node, key.publicKey(), record)
              : Permissions.ofEdge(String.valueOf(owner.edge), key.publicKey(), record);
      Files.writeString(
          Files.createFile(file, ownerOnly()), key.seed() + "\n", StandardCharsets.US_ASCII);
      spec.commandLine().getOut().print(entry);
      spec.commandLine().getOut().flush();
      return CommandLine.ExitCode.OK;
    } catch (IllegalArgumentException e) {
      return report(e.getMessage(), CommandLine.ExitCode.USAGE);
    } catch (FileAlreadyExistsException e) {
      return report(
          "file: %s (expected: a new file)".formatted(file), CommandLine.ExitCode.SOFTWARE);
    } catch (IOException e) {
      return report(
          "file: %s (expected: a file in an existing directory that this user can write)"
              .formatted(file),
          CommandLine.ExitCode.SOFTWARE);
    }
  }

  private FileAttribute<?>[] ownerOnly() {
    return file.getFileSystem().supportedFileAttributeViews().contains("posix")
        ? new FileAttribute<?>[] {
          PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"))
        }
        : new FileAttribute<?>[0];
  }

  private int report(String message, int code) {
    spec.commandLine().getErr().println(message);
    return code;
  }
}
