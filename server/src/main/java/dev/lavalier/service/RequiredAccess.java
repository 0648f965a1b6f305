package dev.lavalier.service;

/** What a service asks of its callers. This is the whole rule of who may call what. */
enum RequiredAccess {
  /** Nothing; a caller who is not known is served, and has no grants. */
  NONE,
  /** To be known. What of the service it may use, the service itself looks at. */
  AUTHENTICATED,
  /** To be known, and to have the admin grant. */
  ADMIN;

  static RequiredAccess of(String service) {
    return switch (service) {
      case "grpc.health.v1.Health" -> NONE;
      case "lavalier.v1.AudioCapture",
          "grpc.reflection.v1.ServerReflection",
          "grpc.reflection.v1alpha.ServerReflection" ->
          AUTHENTICATED;
      default -> ADMIN; // lavalier.v1.Admin, channelz, and whatever nobody has thought about
    };
  }
}
