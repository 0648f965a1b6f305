package dev.lavalier.grpc;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lavalier.common.StreamException;
import dev.lavalier.service.StatusCode;
import io.grpc.Status;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Checks that the status codes of the contract are those of gRPC. */
final class GrpcStatusesTest {

  @ParameterizedTest
  @EnumSource
  void codeHasNameAndNumberOfGrpc(StatusCode code) {
    assertThat(Status.fromCodeValue(code.number()).getCode().name()).isEqualTo(code.name());
  }

  @ParameterizedTest
  @EnumSource
  void reasonIsMappedToStatusOfItsCode(StreamException.Reason reason) {
    Status status = GrpcStatuses.status(new StreamException(reason, "because"));
    assertThat(status.getCode().name()).isEqualTo(StatusCode.of(reason).name());
    assertThat(status.getDescription()).isEqualTo("because");
  }
}
