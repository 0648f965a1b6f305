package dev.lavalier.client.it;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.lavalier.client.ConnectOptions;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;

/** Certificates in a folder, created with openssl as an operator creates them. */
final class Certificates {

  private static final List<String> NEW_KEY =
      List.of("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes");
  private static final String FOR_LOOPBACK = "subjectAltName=IP:127.0.0.1,DNS:localhost";
  private static final String FOR_CLIENTS = "extendedKeyUsage=clientAuth";
  private static final DateTimeFormatter TIME =
      DateTimeFormatter.ofPattern("yyyyMMddHHmmss'Z'").withZone(ZoneOffset.UTC);

  private final Path dir;

  private Certificates(Path dir) {
    this.dir = dir;
  }

  /** A certificate and its key. */
  record Pair(Path certificate, Path key) {
    BigInteger serial() throws IOException, CertificateException {
      try (InputStream in = Files.newInputStream(certificate)) {
        return Certificates.certificate(in).getSerialNumber();
      }
    }

    /** Replaces these files, one after the other, each atomically. */
    void replace(Pair other) throws IOException {
      copy(key, other.key);
      copy(certificate, other.certificate);
    }

    /** Returns options with this client certificate. */
    ConnectOptions applyTo(ConnectOptions options) {
      return options.toBuilder().certificate(certificate).key(key).build();
    }
  }

  /** Skips the test if openssl is not installed. */
  static Certificates in(Path dir) {
    assumeTrue(
        ProcessRunner.succeeds("openssl", "version"), "openssl is not installed (Debian: openssl)");
    return new Certificates(dir);
  }

  /** Replaces a file by a copy of another, atomically. */
  static void copy(Path from, Path to) throws IOException {
    Path temporary = Files.copy(from, Path.of(to + ".new"), StandardCopyOption.REPLACE_EXISTING);
    Files.move(temporary, to, StandardCopyOption.ATOMIC_MOVE);
  }

  /** Creates a CA. */
  Pair ca(String name) throws IOException, InterruptedException {
    Pair pair = pair(name);
    List<String> command = request(pair, name);
    command.addAll(List.of("-x509", "-days", "30"));
    command.addAll(List.of("-addext", "keyUsage=critical,keyCertSign,cRLSign"));
    openssl(command);
    return pair;
  }

  /** Creates a certificate of a server on loopback. */
  Pair server(String name, Pair ca) throws IOException, InterruptedException {
    return issue(name, ca, FOR_LOOPBACK, tomorrow());
  }

  /** Creates a server certificate that is valid until {@code notAfter}, in whole seconds. */
  Pair serverUntil(Instant notAfter, String name, Pair ca)
      throws IOException, InterruptedException {
    return issue(name, ca, FOR_LOOPBACK, notAfter);
  }

  /** Creates a certificate of a server with another name. */
  Pair serverOf(String host, Pair ca) throws IOException, InterruptedException {
    return issue(host, ca, "subjectAltName=DNS:" + host, tomorrow());
  }

  /** Creates a certificate of a client with the subject CN=name. */
  Pair client(String name, Pair ca) throws IOException, InterruptedException {
    return issue(name, ca, FOR_CLIENTS, tomorrow());
  }

  /** Creates a client certificate that expired an hour ago. */
  Pair expiredClient(String name, Pair ca) throws IOException, InterruptedException {
    return issue(name, ca, FOR_CLIENTS, Instant.now().minus(1, ChronoUnit.HOURS));
  }

  /** Creates a self-signed certificate of a server on loopback. */
  Pair selfSigned(String name) throws IOException, InterruptedException {
    Pair pair = pair(name);
    List<String> command = request(pair, name);
    command.addAll(List.of("-x509", "-days", "30", "-addext", FOR_LOOPBACK));
    openssl(command);
    return pair;
  }

  private Pair issue(String name, Pair ca, String extension, Instant notAfter)
      throws IOException, InterruptedException {
    Pair pair = pair(name);
    Path request = dir.resolve(name + ".csr");
    List<String> requestCommand = request(pair, name);
    requestCommand.set(requestCommand.indexOf(pair.certificate().toString()), request.toString());
    openssl(requestCommand);
    Path config = dir.resolve(name + ".conf");
    Files.createFile(dir.resolve(name + ".index"));
    Files.writeString(
        config,
        """
        [ca]
        default_ca = this
        [this]
        database = %1$s/%2$s.index
        new_certs_dir = %1$s
        rand_serial = yes
        default_md = sha256
        policy = any
        x509_extensions = those
        [any]
        commonName = supplied
        [those]
        %3$s
        """
            .formatted(dir, name, extension));
    openssl(
        List.of(
            "ca",
            "-batch",
            "-notext",
            "-config",
            config.toString(),
            "-cert",
            ca.certificate().toString(),
            "-keyfile",
            ca.key().toString(),
            "-startdate",
            TIME.format(notAfter.minus(2, ChronoUnit.DAYS)),
            "-enddate",
            TIME.format(notAfter),
            "-in",
            request.toString(),
            "-out",
            pair.certificate().toString()));
    return pair;
  }

  private static Instant tomorrow() {
    return Instant.now().plus(1, ChronoUnit.DAYS);
  }

  private static List<String> request(Pair pair, String name) {
    List<String> command = new ArrayList<>(List.of("req", "-new", "-subj", "/CN=" + name));
    command.addAll(NEW_KEY);
    command.addAll(List.of("-keyout", pair.key().toString()));
    command.addAll(List.of("-out", pair.certificate().toString()));
    return command;
  }

  /** Returns the serial number of the certificate that a server sends to a new connection. */
  BigInteger servedSerial(String address, Pair ca) throws Exception {
    ProcessRunner.Result result = handshake(address, ca, "-tls1_3");
    int start = result.out().indexOf("-----BEGIN CERTIFICATE-----");
    if (start < 0) {
      throw new IOException(result.out() + result.err());
    }
    return certificate(
            new ByteArrayInputStream(
                result.out().substring(start).getBytes(StandardCharsets.US_ASCII)))
        .getSerialNumber();
  }

  /** Performs a handshake with a server, with only one version of TLS. */
  ProcessRunner.Result handshake(String address, Pair ca, String version)
      throws IOException, InterruptedException {
    return ProcessRunner.run(
        List.of(
            "openssl",
            "s_client",
            "-connect",
            address,
            version,
            "-cipher",
            "DEFAULT@SECLEVEL=0", // otherwise openssl does not offer old versions
            "-CAfile",
            ca.certificate().toString()));
  }

  private static X509Certificate certificate(InputStream in) throws CertificateException {
    return (X509Certificate) CertificateFactory.getInstance("X.509").generateCertificate(in);
  }

  private Pair pair(String name) {
    return new Pair(dir.resolve(name + ".pem"), dir.resolve(name + ".key"));
  }

  private static void openssl(List<String> arguments) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(List.of("openssl"));
    command.addAll(arguments);
    ProcessRunner.Result result = ProcessRunner.run(command);
    if (result.code() != 0) {
      throw new IOException(command + "\n" + result.err());
    }
  }
}
