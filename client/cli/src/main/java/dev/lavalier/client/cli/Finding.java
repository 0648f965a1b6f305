package dev.lavalier.client.cli;

import com.google.gson.JsonElement;
import com.google.gson.JsonNull;
import com.google.gson.JsonObject;
import com.google.gson.JsonPrimitive;
import java.util.Locale;
import java.util.Map;

/**
 * The result of one check of {@code lavalier doctor}.
 *
 * @param check the name of the check
 * @param result the result
 * @param message what was found, without a full stop; can contain text from a server
 * @param advice what to do, in sentences; empty if there is nothing to do
 * @param values what was measured, for JSON
 */
record Finding(
    String check, Result result, String message, String advice, Map<String, JsonElement> values) {

  /** The result of a check. */
  enum Result {
    /** As it should be. */
    OK,
    /** Audio can be streamed, but something is wrong. */
    WARN,
    /** No audio can be streamed. */
    FAIL;

    @Override
    public String toString() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  static Finding ok(String check, String message, Map<String, JsonElement> values) {
    return new Finding(check, Result.OK, message, "", values);
  }

  static Finding warn(
      String check, String message, String advice, Map<String, JsonElement> values) {
    return new Finding(check, Result.WARN, message, advice, values);
  }

  static Finding fail(String check, String message, String advice) {
    return new Finding(check, Result.FAIL, message, advice, Map.of());
  }

  /** Returns one line that is safe for a terminal. */
  String line() {
    return Printable.of(
        "%-4s  %-7s  %s%s"
            .formatted(result, check, message, advice.isEmpty() ? "" : ". " + advice));
  }

  /** Returns all of it; {@code advice} is null if there is none. */
  JsonObject json() {
    JsonObject object = new JsonObject();
    object.addProperty("check", check);
    object.addProperty("result", result.toString());
    object.addProperty("message", message);
    object.add("advice", advice.isEmpty() ? JsonNull.INSTANCE : new JsonPrimitive(advice));
    values.forEach(object::add);
    return object;
  }
}
