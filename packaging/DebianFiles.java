import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.zip.CRC32;
import java.util.zip.Deflater;
import java.util.zip.DeflaterOutputStream;

/**
 * Writes the files of the Debian packages that depend on the architecture or the version: the
 * control files of each architecture, the changelog of the package, and the compressed manual
 * pages, which CommandFiles has written to {@code DIRECTORY/man}. The result depends only on the
 * arguments and these pages.
 *
 * <p>Run from its source: {@code java DebianFiles.java CONTROL_DIRECTORY VERSION TIMESTAMP
 * DIRECTORY}.
 */
final class DebianFiles {

  private static final List<String> ARCHITECTURES = List.of("amd64", "arm64");

  /** The header of gzip at its highest compression, without a time and a name. */
  private static final byte[] GZIP_HEADER = {0x1f, (byte) 0x8b, 8, 0, 0, 0, 0, 0, 2, 3};

  private DebianFiles() {}

  /** Writes the files. */
  public static void main(String[] args) throws IOException {
    Path control = Path.of(args[0]);
    Path directory = Path.of(args[3]);
    for (String architecture : ARCHITECTURES) {
      Path copy = Files.createDirectories(directory.resolve("control-" + architecture));
      try (DirectoryStream<Path> files = Files.newDirectoryStream(control)) {
        for (Path file : files) {
          String text = Files.readString(file).replace("[[architecture]]", architecture);
          Files.writeString(copy.resolve(file.getFileName()), text);
        }
      }
    }
    String changelog =
        "lavalier (%s) unstable; urgency=medium%n%n  * See CHANGELOG.md in this directory.%n%n -- The Lavalier authors <>  %s%n"
            .formatted(
                args[1].replace("-SNAPSHOT", "~SNAPSHOT"),
                DateTimeFormatter.RFC_1123_DATE_TIME.format(
                    Instant.parse(args[2]).atZone(ZoneOffset.UTC)))
            .replace("GMT", "+0000")
            .replace(System.lineSeparator(), "\n");
    Files.write(
        directory.resolve("changelog.gz"), gzip(changelog.getBytes(StandardCharsets.UTF_8)));
    Path pages = directory.resolve("man");
    try (DirectoryStream<Path> files = Files.newDirectoryStream(pages, "*.1")) {
      for (Path file : files) {
        Files.write(pages.resolve(file.getFileName() + ".gz"), gzip(Files.readAllBytes(file)));
      }
    }
  }

  /** Java's own stream does not mark its result as highest compression, which Debian asks for. */
  private static byte[] gzip(byte[] content) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    out.write(GZIP_HEADER);
    Deflater deflater = new Deflater(Deflater.BEST_COMPRESSION, true);
    try (DeflaterOutputStream compressed = new DeflaterOutputStream(out, deflater)) {
      compressed.write(content);
    } finally {
      deflater.end();
    }
    CRC32 checksum = new CRC32();
    checksum.update(content);
    out.write(
        ByteBuffer.allocate(8)
            .order(ByteOrder.LITTLE_ENDIAN)
            .putInt((int) checksum.getValue())
            .putInt(content.length)
            .array());
    return out.toByteArray();
  }
}
