package dev.lavalier.junit;

import dev.lavalier.capture.script.ScriptedMicrophone;
import dev.lavalier.testing.PublicApi;
import org.junit.jupiter.api.Test;

/**
 * Checks the public API of the library against {@code api.txt}. To accept the current API, run
 * {@code mvn test -pl proto,container,server,client/java,testing -Dtest=PublicApiTest
 * -Dsurefire.failIfNoSpecifiedTests=false -Dapi.update=true}, and review the changed file.
 */
final class PublicApiTest {

  @Test
  void publicApiMatchesFile() throws Exception {
    PublicApi.assertMatchesFile(ScriptedMicrophone.class);
  }
}
