package dev.lavalier.fleet.nats;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.lavalier.access.InvalidFileException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class NkeyTest {

  /** A pair from the documentation of NATS. */
  private static final String SEED = "SUACSSL3UAHUDXKFSNVUZRF5UHPMWZ6BFDTJ7M6USDXIEDNPPQYYYCU3VY";

  private static final String PUBLIC = "UDXU4RCSJNZOIQHZNWXHXORDPRTGNJAHAHFRGZNEEJCPQTT2M7NLCNF4";

  @TempDir private Path directory;

  private Path file(String content) throws Exception {
    return Files.writeString(directory.resolve("key"), content);
  }

  @Test
  void seedHasThePublicKeyThatNatsDocuments() throws Exception {
    Nkey key = Nkey.read(file("# of studio-1\n\n" + SEED + "\n"));

    assertThat(key.publicKey()).isEqualTo(PUBLIC);
    assertThat(key.seed()).isEqualTo(SEED);
    assertThat(key).hasToString(PUBLIC);
  }

  @Test
  void generatedKeyIsReadAgain() throws Exception {
    Nkey key = Nkey.generate();

    assertThat(key.seed()).matches("SU[A-Z2-7]{56}");
    assertThat(Nkey.read(file(key.seed())).publicKey()).isEqualTo(key.publicKey());
    assertThat(Nkey.generate().seed()).isNotEqualTo(key.seed());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "SU",
        PUBLIC, // not a seed
        "SUACSSL3UAHUDXKFSNVUZRF5UHPMWZ6BFDTJ7M6USDXIEDNPPQYYYCU3VA", // wrong check sum
        "SUACSSL3UAHUDXKFSNVUZRF5UHPMWZ6BFDTJ7M6USDXIEDNPPQYYYCU3V!",
        SEED + SEED
      })
  void fileWithoutSeedIsOneLineThatDoesNotQuoteIt(String content) throws Exception {
    Path file = file(content);

    assertThatThrownBy(() -> Nkey.read(file))
        .isInstanceOf(InvalidFileException.class)
        .hasMessage(
            "fleet-key: %s (expected: the seed of a user as nk writes it: SU and 56 more)"
                .formatted(file));
  }
}
