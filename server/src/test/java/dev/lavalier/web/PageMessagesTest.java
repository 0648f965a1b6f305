package dev.lavalier.web;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonNull;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import com.google.gson.JsonPrimitive;
import com.google.protobuf.ByteString;
import com.google.protobuf.Descriptors.EnumValueDescriptor;
import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.DynamicMessage;
import com.google.protobuf.Message;
import dev.lavalier.v1.AudioFrame;
import dev.lavalier.v1.Device;
import dev.lavalier.v1.GetServerInfoResponse;
import dev.lavalier.v1.PullFramesRequest;
import dev.lavalier.v1.StreamFramesResponse;
import dev.lavalier.v1.StreamLevelsRequest;
import dev.lavalier.v1.StreamLevelsResponse;
import dev.lavalier.v1.WatchDevicesResponse;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The messages of the page are those of the contract: Java writes a message with all fields that
 * the page knows, the page's code reads it and writes it again, and Java reads that.
 */
final class PageMessagesTest {

  /** Values of an int64 field that a number of JavaScript holds without loss. */
  private static final List<Long> LONGS =
      List.of(0L, 1L, -1L, 1L << 52, -(1L << 52), 0x1_2345_6789L);

  private static final List<Integer> INTS =
      List.of(0, 1, -1, Integer.MAX_VALUE, Integer.MIN_VALUE, 300);

  private static final Map<FieldDescriptor.Type, String> TYPES =
      Map.of(
          FieldDescriptor.Type.INT32, "int32",
          FieldDescriptor.Type.ENUM, "int32",
          FieldDescriptor.Type.UINT32, "uint32",
          FieldDescriptor.Type.INT64, "int64",
          FieldDescriptor.Type.BOOL, "bool",
          FieldDescriptor.Type.DOUBLE, "double",
          FieldDescriptor.Type.STRING, "string",
          FieldDescriptor.Type.BYTES, "bytes");

  static List<Message> messages() {
    return List.of(
        WatchDevicesResponse.getDefaultInstance(),
        Device.getDefaultInstance(),
        GetServerInfoResponse.getDefaultInstance(),
        PullFramesRequest.getDefaultInstance(),
        StreamFramesResponse.getDefaultInstance(),
        AudioFrame.getDefaultInstance(),
        StreamLevelsRequest.getDefaultInstance(),
        StreamLevelsResponse.getDefaultInstance());
  }

  @ParameterizedTest
  @MethodSource("messages")
  void pageReadsAndWritesEveryFieldThatItKnows(Message type) throws Exception {
    String name = type.getDescriptorForType().getName();
    JsonArray table = echo(name + " ").getAsJsonArray("table");
    for (int variant = 0; variant < LONGS.size(); variant++) {
      Message message = message(type, table, variant);
      JsonObject echoed = echo(name + " " + hex(message.toByteArray()));
      assertThat(echoed.get("decoded")).isEqualTo(json(message, table));
      assertThat(message.getParserForType().parseFrom(bytes(echoed.get("encoded").getAsString())))
          .isEqualTo(message);
    }
  }

  private static JsonObject echo(String line) throws Exception {
    return JsonParser.parseString(Node.run(line + "\n", "contract-echo.js")).getAsJsonObject();
  }

  /** Returns a message with the fields of a table; of a oneof, the one of the variant. */
  private static Message message(Message type, JsonArray table, int variant) {
    DynamicMessage.Builder builder = DynamicMessage.newBuilder(type.getDescriptorForType());
    for (int i = 0; i < table.size(); i++) {
      JsonObject row = table.get(i).getAsJsonObject();
      FieldDescriptor field = field(type, row);
      if (field.getContainingOneof() != null && variant % table.size() != i) {
        continue;
      }
      if (field.isRepeated()) {
        builder.addRepeatedField(field, value(field, row, variant));
        builder.addRepeatedField(field, value(field, row, variant + 1));
      } else {
        builder.setField(field, value(field, row, variant));
      }
    }
    return builder.build();
  }

  /** Returns the field of a row, which has its name, its number and its type. */
  private static FieldDescriptor field(Message type, JsonObject row) {
    FieldDescriptor field =
        type.getDescriptorForType().findFieldByNumber(row.get("number").getAsInt());
    assertThat(field).as("%s", row).isNotNull();
    assertThat(row.get("name").getAsString()).isEqualTo(field.getJsonName());
    assertThat(row.get("repeated").getAsBoolean()).isEqualTo(field.isRepeated());
    if (field.getType() != FieldDescriptor.Type.MESSAGE) {
      assertThat(row.get("type").getAsString()).isEqualTo(TYPES.get(field.getType()));
    }
    return field;
  }

  private static Object value(FieldDescriptor field, JsonObject row, int variant) {
    return switch (field.getType()) {
      case INT32 -> INTS.get(variant % INTS.size());
      case UINT32 -> Math.abs(INTS.get(variant % 4));
      case ENUM -> field.getEnumType().getValues().get(variant % 3);
      case INT64 -> LONGS.get(variant % LONGS.size());
      case BOOL -> variant % 2 == 1;
      case DOUBLE -> variant * 0.1;
      case STRING -> variant == 0 ? "" : "Mikrofon Küche \uD83C\uDFA4 " + variant;
      case BYTES -> ByteString.copyFrom(new byte[variant * 100]);
      case MESSAGE ->
          message(
              DynamicMessage.getDefaultInstance(field.getMessageType()),
              row.getAsJsonArray("type"),
              variant);
      default -> throw new AssertionError("the page does not know the type of " + field);
    };
  }

  /** Returns what the page decodes from a message. */
  private static JsonElement json(Message message, JsonArray table) {
    JsonObject object = new JsonObject();
    for (JsonElement element : table) {
      JsonObject row = element.getAsJsonObject();
      FieldDescriptor field = field(message, row);
      if (field.isRepeated()) {
        JsonArray array = new JsonArray();
        ((List<?>) message.getField(field)).forEach(item -> array.add(json(item, row)));
        object.add(field.getJsonName(), array);
      } else if (field.getType() == FieldDescriptor.Type.MESSAGE && !message.hasField(field)) {
        object.add(field.getJsonName(), JsonNull.INSTANCE);
      } else {
        object.add(field.getJsonName(), json(message.getField(field), row));
      }
    }
    return object;
  }

  private static JsonElement json(Object value, JsonObject row) {
    if (value instanceof Message message) {
      return json(message, row.getAsJsonArray("type"));
    }
    if (value instanceof ByteString bytes) {
      return new JsonPrimitive(hex(bytes.toByteArray()));
    }
    if (value instanceof EnumValueDescriptor constant) {
      return new JsonPrimitive(constant.getNumber());
    }
    if (value instanceof Boolean flag) {
      return new JsonPrimitive(flag);
    }
    return value instanceof Number number
        ? new JsonPrimitive(number)
        : new JsonPrimitive((String) value);
  }

  private static String hex(byte[] bytes) {
    return HexFormat.of().formatHex(bytes);
  }

  private static byte[] bytes(String hex) {
    return HexFormat.of().parseHex(hex);
  }
}
