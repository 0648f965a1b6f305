package dev.lavalier.client.cli;

import dev.lavalier.client.LavalierClient;
import dev.lavalier.client.LavalierException;
import dev.lavalier.client.Subscription;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParentCommand;

/** {@code lavalier subscriptions}. */
@Command(
    name = "subscriptions",
    description = {
      "List the current subscriptions, the oldest first.",
      "If the server requires authentication, the token or certificate needs the admin grant.",
      "CODEC is the codec, with its bit rate if it is opus; - if only levels are sent.",
      "MISSED is the number of samples per channel that the subscriber did not receive."
    })
final class SubscriptionsCommand implements Callable<Integer> {

  private final Table table =
      new Table(
          "ID", "WHO", "ADDRESS", "DEVICE", "FORMAT", "CODEC", "SINCE", "FRAMES", "BYTES",
          "MISSED");

  @ParentCommand private LavalierCli cli;

  @Option(
      names = "--device",
      paramLabel = "ID",
      defaultValue = "",
      description = "List only the subscriptions of this device (default: all devices).")
  private String device;

  @Option(names = "--json", description = "Print one JSON object.")
  private boolean json;

  @Override
  public Integer call() throws LavalierException {
    try (LavalierClient client = cli.connect()) {
      List<Subscription> subscriptions = client.listSubscriptions(device);
      if (json) {
        cli.terminal()
            .out()
            .println(
                JsonText.line(
                    JsonText.object("subscriptions", JsonText.array(subscriptions, JsonText::of))));
      } else if (subscriptions.isEmpty()) {
        cli.terminal().err().println("no subscriptions");
      } else {
        cli.terminal()
            .out()
            .print(table.format(subscriptions.stream().map(SubscriptionsCommand::row).toList()));
      }
      return 0;
    }
  }

  /** Returns the codec, with the bit rate if it has one. */
  private static String codec(Subscription subscription) {
    String codec =
        subscription.codec().map(name -> name.name().toLowerCase(Locale.ROOT)).orElse("-");
    return subscription.bitrate() == 0 ? codec : codec + "/" + subscription.bitrate();
  }

  private static String[] row(Subscription subscription) {
    return new String[] {
      Long.toString(subscription.subscriptionId()),
      subscription.identity(),
      subscription.address(),
      subscription.deviceId(),
      subscription.format().toString(),
      codec(subscription),
      subscription.since().truncatedTo(ChronoUnit.SECONDS).toString(),
      Long.toString(subscription.frameCount()),
      Long.toString(subscription.byteCount()),
      Long.toString(subscription.samplesLost())
    };
  }
}
