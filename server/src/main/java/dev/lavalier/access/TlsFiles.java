package dev.lavalier.access;

import dev.lavalier.common.LogText;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The files that contain the certificate of the server. Immutable.
 *
 * @param certificate a PEM file: the certificate, followed by the rest of its chain
 * @param key a PEM file: the private key, in PKCS #8, without a password
 * @param clientCa a PEM file: the CAs, one of which must have signed the certificate of each
 *     client; empty: clients need no certificate
 */
public record TlsFiles(Path certificate, Path key, Optional<Path> clientCa) {

  private static final Logger log = LoggerFactory.getLogger(TlsFiles.class);

  static final String CERTIFICATE = "tls-cert";
  static final String KEY = "tls-key";
  static final String CLIENT_CA = "tls-client-ca";

  /**
   * Reads the files. May block on the file system.
   *
   * @throws InvalidFileException if a file cannot be read
   */
  public List<ByteBuffer> read() throws InvalidFileException {
    List<ByteBuffer> contents = new ArrayList<>();
    contents.add(ConfigFile.read(CERTIFICATE, certificate));
    contents.add(ConfigFile.read(KEY, key));
    if (clientCa.isPresent()) {
      contents.add(ConfigFile.read(CLIENT_CA, clientCa.get()));
    }
    return contents;
  }

  /**
   * Parses the contents that {@link #read} returned. Logs a warning if every user can read the key,
   * or if users other than root and the server's can change the key or the client CAs.
   *
   * @throws InvalidFileException if the contents cannot be used; its message is one line for the
   *     operator
   */
  public TlsMaterial parse(List<ByteBuffer> contents) throws InvalidFileException {
    ConfigFile.warnIfOthersCanRead(KEY, key);
    warnIfOthersCanWrite(KEY, key);
    clientCa.ifPresent(file -> warnIfOthersCanWrite(CLIENT_CA, file));
    return TlsMaterial.of(this, contents);
  }

  private static void warnIfOthersCanWrite(String setting, Path file) {
    Set<PosixFilePermission> permissions = ConfigFile.permissions(file);
    if (permissions.contains(PosixFilePermission.GROUP_WRITE)
        || permissions.contains(PosixFilePermission.OTHERS_WRITE)) {
      log.warn(
          "{}: users other than its owner can replace {}; remove that permission with chmod go-w",
          setting,
          file);
    }
    ConfigFile.foreignOwner(file)
        .ifPresent(
            owner ->
                log.warn(
                    "{}: the owner of {} is {}, who can replace it; give it to root with chown",
                    setting,
                    file,
                    LogText.sanitizeAndTruncate(owner)));
  }
}
