package dev.lavalier.client.cli;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonNull;
import com.google.gson.JsonObject;
import com.google.gson.JsonPrimitive;
import dev.lavalier.client.Device;
import dev.lavalier.client.Subscription;
import java.util.List;
import java.util.Locale;
import java.util.function.Function;

/** The JSON objects that commands print. Keys are added, never renamed. */
final class JsonText {

  private static final Gson GSON =
      new GsonBuilder().serializeNulls().disableHtmlEscaping().create();
  private static final double DECIMALS = 100;

  private JsonText() {}

  /**
   * Returns a value in one line of ASCII, without a line end. All other characters are escaped, so
   * the output is the same in every locale, and cannot control a terminal.
   */
  static String line(JsonElement value) {
    StringBuilder ascii = new StringBuilder();
    GSON.toJson(value)
        .chars()
        .forEach(
            c -> {
              if (c < 0x7F) {
                ascii.append((char) c);
              } else {
                ascii.append(String.format(Locale.ROOT, "\\u%04x", c));
              }
            });
    return ascii.toString();
  }

  /** Returns an object with one member. */
  static JsonObject object(String name, JsonElement value) {
    JsonObject object = new JsonObject();
    object.add(name, value);
    return object;
  }

  /** Returns an array of converted values. */
  static <T> JsonArray array(List<T> values, Function<T, JsonElement> converter) {
    JsonArray array = new JsonArray();
    values.forEach(value -> array.add(converter.apply(value)));
    return array;
  }

  /** Returns a number with two decimals; null if it is infinite or not a number. */
  static JsonElement number(double value) {
    return Double.isFinite(value)
        ? new JsonPrimitive(Math.round(value * DECIMALS) / DECIMALS)
        : JsonNull.INSTANCE;
  }

  /** Returns a device. */
  static JsonObject of(Device device) {
    JsonObject object = new JsonObject();
    object.addProperty("device_id", device.deviceId());
    object.addProperty("name", device.name());
    object.addProperty("vendor", device.vendor());
    object.addProperty("description", device.description());
    object.addProperty("is_default", device.isDefault());
    object.addProperty("state", device.state().name().toLowerCase(Locale.ROOT));
    object.addProperty("capture_format", device.captureFormat().toString());
    object.addProperty("subscriber_count", device.subscriberCount());
    object.addProperty("node_id", device.nodeId());
    object.addProperty("recorded", device.recorded());
    return object;
  }

  /** Returns a subscription. */
  static JsonObject of(Subscription subscription) {
    JsonObject object = new JsonObject();
    object.addProperty("subscription_id", subscription.subscriptionId());
    object.addProperty("identity", subscription.identity());
    object.addProperty("address", subscription.address());
    object.addProperty("device_id", subscription.deviceId());
    object.addProperty("format", subscription.format().toString());
    object.addProperty("frame_size", subscription.frameSize());
    object.addProperty("since", subscription.since().toString());
    object.addProperty("frame_count", subscription.frameCount());
    object.addProperty("byte_count", subscription.byteCount());
    object.addProperty("samples_lost", subscription.samplesLost());
    object.addProperty(
        "codec",
        subscription.codec().map(codec -> codec.name().toLowerCase(Locale.ROOT)).orElse(null));
    object.addProperty("bitrate", subscription.bitrate());
    return object;
  }
}
