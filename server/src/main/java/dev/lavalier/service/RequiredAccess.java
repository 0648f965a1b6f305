package dev.lavalier.service;

/** The access that a service requires of its callers. This is the complete rule for services. */
enum RequiredAccess {
  /** None. A caller that is not authenticated is served without grants. */
  NONE,
  /** Authentication. The service itself checks the grants of the caller. */
  AUTHENTICATED,
  /** Authentication and the admin grant. */
  ADMIN;

  static RequiredAccess of(String service) {
    return switch (service) {
      case "grpc.health.v1.Health" -> NONE;
      case "lavalier.v1.AudioCapture",
          "grpc.reflection.v1.ServerReflection",
          "grpc.reflection.v1alpha.ServerReflection" ->
          AUTHENTICATED;
      default -> ADMIN; // lavalier.v1.Admin, channelz, and any service added later
    };
  }
}
