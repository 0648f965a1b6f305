package dev.lavalier.testing;

import io.netty.handler.ssl.JdkSslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslProvider;
import java.io.IOException;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;
import org.junit.jupiter.api.Assumptions;

/** CAs, certificates and keys in a directory. Creates them with openssl, as an operator does. */
public final class Certificates {

  private final Path dir;

  private Certificates(Path dir) {
    this.dir = dir;
  }

  /** Returns certificates in a directory. Skips the test if openssl is missing. */
  public static Certificates in(Path dir) {
    try {
      new ProcessBuilder("openssl", "version").start().destroy();
    } catch (IOException e) {
      Assumptions.abort("needs openssl (Debian package openssl)");
    }
    return new Certificates(dir);
  }

  /** Returns the path of {@code NAME.pem} or {@code NAME.key}. */
  public Path file(String name) {
    return dir.resolve(name);
  }

  /** Creates a CA: {@code NAME.pem} and {@code NAME.key}. */
  public Certificates ca(String name) throws IOException, InterruptedException {
    request(name, name + ".pem", "/CN=" + name, "-x509", "-days", "30");
    return this;
  }

  /** Creates a certificate for localhost, signed by a CA: {@code NAME.pem} and {@code NAME.key}. */
  public Certificates signed(String name, String subject, String ca)
      throws IOException, InterruptedException {
    return signedFor("DNS:localhost,IP:127.0.0.1", name, subject, ca);
  }

  /** Creates a certificate for other names, in the form of openssl's subjectAltName. */
  public Certificates signedFor(String names, String name, String subject, String ca)
      throws IOException, InterruptedException {
    request(
        name,
        name + ".pem",
        subject,
        "-x509",
        "-CA",
        file(ca + ".pem").toString(),
        "-CAkey",
        file(ca + ".key").toString(),
        "-days",
        "10",
        "-addext",
        "basicConstraints=CA:FALSE",
        "-addext",
        "subjectAltName=" + names);
    return this;
  }

  /** Creates an expired certificate, signed by a CA: {@code NAME.pem} and {@code NAME.key}. */
  public Certificates expired(String name, String subject, String ca)
      throws IOException, InterruptedException {
    request(name, name + ".csr", subject);
    run(
        "x509",
        "-req",
        "-in",
        file(name + ".csr").toString(),
        "-CA",
        file(ca + ".pem").toString(),
        "-CAkey",
        file(ca + ".key").toString(),
        "-CAcreateserial",
        "-days",
        "-1",
        "-out",
        file(name + ".pem").toString());
    return this;
  }

  /** Returns a client's connection with TLS to localhost, over a connection. Trusts a CA. */
  public SSLSocket secure(Socket connection, String ca, String... protocols) throws IOException {
    JdkSslContext trusting =
        (JdkSslContext)
            SslContextBuilder.forClient()
                .sslProvider(SslProvider.JDK)
                .trustManager(file(ca + ".pem").toFile())
                .build();
    SSLSocket socket =
        (SSLSocket)
            trusting.context().getSocketFactory().createSocket(connection, "localhost", 0, true);
    SSLParameters parameters = socket.getSSLParameters();
    parameters.setApplicationProtocols(protocols);
    socket.setSSLParameters(parameters);
    return socket;
  }

  /** Creates a key, {@code NAME.key}, and a file with a request or a certificate for it. */
  private void request(String name, String out, String subject, String... more)
      throws IOException, InterruptedException {
    List<String> arguments =
        new ArrayList<>(
            List.of(
                "req",
                "-newkey",
                "ec",
                "-pkeyopt",
                "ec_paramgen_curve:prime256v1",
                "-nodes",
                "-keyout",
                file(name + ".key").toString(),
                "-out",
                file(out).toString(),
                "-subj",
                subject));
    arguments.addAll(Arrays.asList(more));
    run(arguments.toArray(String[]::new));
  }

  /** Runs openssl. */
  public void run(String... arguments) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(List.of("openssl"));
    command.addAll(Arrays.asList(arguments));
    Path log = dir.resolve("openssl.log");
    Process process =
        new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(log.toFile()).start();
    if (!process.waitFor(20, TimeUnit.SECONDS) || process.exitValue() != 0) {
      throw new IOException(command + ": " + Files.readString(log));
    }
  }
}
