package dev.lavalier.app;

import dev.lavalier.access.Credential;
import dev.lavalier.access.Grants;
import dev.lavalier.access.InvalidFileException;
import dev.lavalier.access.TokenEntry;
import dev.lavalier.access.TokenFile;
import dev.lavalier.access.TokenFileEditor;
import dev.lavalier.common.LogText;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.security.auth.x500.X500Principal;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/**
 * The command {@code lavalier-server token}, which edits the token file. A running server with the
 * same file applies a change within two seconds.
 */
@Command(
    name = "token",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description =
        "Adds, lists and revokes the access of callers. A running server applies changes within 2"
            + " s.",
    footer = {"", "Exit codes: 0 success, 1 failure, 2 wrong usage."})
final class TokenCommand implements Runnable {

  private static final Pattern DURATION = Pattern.compile("(\\d{1,6})([dhm])");

  @Spec private CommandSpec spec;

  @Override
  public void run() {
    throw new CommandLine.ParameterException(
        spec.commandLine(), "token: no command (expected: add, list or revoke)");
  }

  private interface Work {
    void run() throws InvalidFileException;
  }

  private static int exitCode(CommandSpec spec, Work work) {
    try {
      work.run();
      return CommandLine.ExitCode.OK;
    } catch (InvalidFileException e) {
      spec.commandLine().getErr().println(e.getMessage());
      return CommandLine.ExitCode.SOFTWARE;
    } catch (IllegalArgumentException e) {
      spec.commandLine().getErr().println(e.getMessage());
      return CommandLine.ExitCode.USAGE;
    }
  }

  private static String checkedName(String name) {
    if (!TokenEntry.isName(name)) {
      throw new IllegalArgumentException(
          "name: invalid (expected: %s)"
              .formatted(TokenEntry.NAME_SYNTAX)); // the value may be a token
    }
    return name;
  }

  @Command(
      name = "add",
      mixinStandardHelpOptions = true,
      sortOptions = false,
      description = {
        "Adds an entry to the token file and prints its token. The token cannot be displayed"
            + " again.",
        "With --certificate or --uid there is no token: the client's certificate, or the user of a"
            + " program that connects to the Unix socket, identifies the caller."
      })
  int add(
      @Parameters(paramLabel = "NAME", description = "Name of the caller in logs and lists.")
          String name,
      @Option(
              names = "--token-file",
              paramLabel = "FILE",
              required = true,
              description = "Token file. Created if it does not exist.")
          Path file,
      @Option(
              names = "--list",
              paramLabel = "DEVICE_ID",
              description =
                  "Allow the caller to list this device. * means all, and NODE/* all of a node. Can"
                      + " be repeated.")
          @Nullable Set<String> list,
      @Option(
              names = "--stream",
              paramLabel = "DEVICE_ID",
              description =
                  "Allow the caller to stream and list this device. * means all, and NODE/* all of a"
                      + " node. Can be repeated.")
          @Nullable Set<String> stream,
      @Option(
              names = "--admin",
              description =
                  "Allow the caller to see subscriptions and the internal state of the server.")
          boolean admin,
      @Option(
              names = "--expires",
              paramLabel = "30d|DATE",
              description =
                  "Expiration time: a duration (30d, 12h, 90m) or a UTC date or timestamp. Default:"
                      + " never.")
          @Nullable String expires,
      @Option(
              names = "--certificate",
              paramLabel = "SUBJECT",
              description = "Subject of the caller's client certificate, such as CN=ann,O=Studio.")
          @Nullable String subject,
      @Option(
              names = "--uid",
              paramLabel = "UID",
              description = "User of this machine, by number. Counts only on a Unix socket.")
          @Nullable String uid) {
    return exitCode(
        spec,
        () -> {
          Grants grants = grants(list, stream, admin);
          String token = Credential.Token.random(new SecureRandom());
          Credential credential = credential(token, subject, uid);
          TokenEntry entry =
              new TokenEntry(
                  checkedName(name),
                  credential,
                  grants,
                  Optional.ofNullable(expires).map(text -> expiry(text, Instant.now())));
          new TokenFileEditor(file).add(entry);
          if (credential instanceof Credential.Token) {
            spec.commandLine().getOut().println(token);
            spec.commandLine().getOut().flush();
          }
        });
  }

  @Command(
      name = "list",
      mixinStandardHelpOptions = true,
      description = "Lists the entries of the token file.")
  int list(
      @Option(
              names = "--token-file",
              paramLabel = "FILE",
              required = true,
              description = "Token file.")
          Path file) {
    return exitCode(
        spec,
        () -> {
          PrintWriter out = spec.commandLine().getOut();
          TokenFile.read(file).entries().forEach(entry -> out.println(line(entry, Instant.now())));
          out.flush();
        });
  }

  @Command(
      name = "revoke",
      mixinStandardHelpOptions = true,
      sortOptions = false,
      description = "Removes an entry from the token file. Running calls that use it end.")
  int revoke(
      @Parameters(paramLabel = "NAME", description = "Name of the caller in logs and lists.")
          String name,
      @Option(
              names = "--token-file",
              paramLabel = "FILE",
              required = true,
              description = "Token file.")
          Path file) {
    return exitCode(spec, () -> new TokenFileEditor(file).revoke(checkedName(name)));
  }

  private static Grants grants(
      @Nullable Set<String> list, @Nullable Set<String> stream, boolean admin) {
    Grants grants = new Grants(ids("list", list), ids("stream", stream), admin);
    if (grants.equals(Grants.NONE)) {
      throw new IllegalArgumentException(
          "grants: none (expected: at least one of --list, --stream and --admin)");
    }
    return grants;
  }

  private static Set<String> ids(String key, @Nullable Set<String> values) {
    Set<String> ids = values == null ? Set.of() : values;
    for (String id : ids) {
      if (id.isEmpty() || !LogText.isOneLine(id)) {
        throw new IllegalArgumentException(
            "%s: %s (expected: a device_id, or * for all)"
                .formatted(key, id.isEmpty() ? "empty" : "not one line"));
      }
    }
    return ids;
  }

  private static Credential credential(
      String token, @Nullable String subject, @Nullable String uid) {
    if (subject != null && uid != null) {
      throw new IllegalArgumentException("uid: %s (expected: no --certificate)".formatted(uid));
    }
    if (uid != null) {
      return user(uid);
    }
    return subject == null ? Credential.Token.of(token) : certificate(subject);
  }

  private static Credential user(String uid) {
    try {
      return Credential.User.of(uid);
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(
          "uid: %s (expected: the number of a user, as id -u shows it)".formatted(uid), e);
    }
  }

  private static Credential certificate(String subject) {
    try {
      if (!subject.isBlank() && LogText.isOneLine(subject)) {
        return new Credential.Certificate(new X500Principal(subject));
      }
    } catch (IllegalArgumentException e) {
      // reported below
    }
    throw new IllegalArgumentException(
        "certificate: %s (expected: a subject, such as CN=ann,O=Studio)"
            .formatted(LogText.isOneLine(subject) ? subject : "not one line"));
  }

  /**
   * Parses {@code 30d}, {@code 12h}, {@code 90m}, a UTC date, or a timestamp.
   *
   * @throws IllegalArgumentException if it is none of these, or not after {@code now}
   */
  static Instant expiry(String text, Instant now) {
    Instant expiry = null;
    Matcher span = DURATION.matcher(text);
    try {
      if (span.matches()) {
        long count = Long.parseLong(span.group(1));
        expiry =
            now.plus(
                    switch (span.group(2)) {
                      case "d" -> Duration.ofDays(count);
                      case "h" -> Duration.ofHours(count);
                      default -> Duration.ofMinutes(count);
                    })
                .truncatedTo(ChronoUnit.SECONDS);
      } else if (text.contains("T")) {
        expiry = Instant.parse(text);
      } else {
        expiry = LocalDate.parse(text).atStartOfDay(ZoneOffset.UTC).toInstant();
      }
    } catch (DateTimeException e) {
      // reported below
    }
    if (expiry == null || !expiry.isAfter(now)) {
      throw new IllegalArgumentException(
          ("expires: %s (expected: 30d, 12h, 90m, or a future date or timestamp, such as 2027-01-31"
                  + " or 2027-01-31T12:00:00Z)")
              .formatted(text));
    }
    return expiry;
  }

  private static String line(TokenEntry entry, Instant now) {
    String credential =
        entry.credential() instanceof Credential.Token ? "token" : entry.credential().toString();
    String expires =
        entry
            .expires()
            .map(e -> (e.isAfter(now) ? "expires " : "expired ") + e)
            .orElse("never expires");
    return "%s  %s  %s  %s".formatted(entry.name(), credential, describe(entry.grants()), expires);
  }

  private static String describe(Grants grants) {
    List<String> words = new ArrayList<>();
    grants.list().stream().sorted().forEach(id -> words.add("list=" + id));
    grants.stream().stream().sorted().forEach(id -> words.add("stream=" + id));
    if (grants.admin()) {
      words.add("admin");
    }
    return words.isEmpty() ? "no grants" : String.join(" ", words);
  }
}
