package dev.lavalier.access;

import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Where the server's certificate stands.
 *
 * @param certificate a PEM file: its own certificate first, then what leads to its CA
 * @param key a PEM file: its key, in PKCS#8, without a password
 * @param clientCa a PEM file: the CAs of which every client must have a certificate; empty: none is
 *     asked for
 */
public record TlsFiles(Path certificate, Path key, Optional<Path> clientCa) {

  private static final Logger log = LoggerFactory.getLogger(TlsFiles.class);

  static final String CERTIFICATE = "tls-cert";
  static final String KEY = "tls-key";
  static final String CLIENT_CA = "tls-client-ca";

  /** Reads the files. May block for as long as the file system does. */
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
   * Makes sense of what {@link #read} gave.
   *
   * @throws InvalidFileException in one line for the operator
   */
  public TlsMaterial parse(List<ByteBuffer> contents) throws InvalidFileException {
    if (ConfigFile.permissions(key).contains(PosixFilePermission.OTHERS_READ)) {
      log.warn("{}: {} can be read by every user of this machine, see chmod o-r", KEY, key);
    }
    return TlsMaterial.of(this, contents);
  }
}
