package dev.lavalier.app;

import dev.lavalier.audio.PcmFormat;
import dev.lavalier.capture.VirtualDevice;
import dev.lavalier.grpc.TransportLimits;
import dev.lavalier.hub.HubConfig;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.Map;

/**
 * What a server is started with.
 *
 * @param address where it listens; port 0 takes a free one
 * @param captureFormat the capture format, for each device that offers it
 * @param captureFormats the same for single devices, by their ids
 * @param hub the hub's settings
 * @param transport what a peer may take of the transport
 * @param demo whether the tone is the default where no hardware can be captured
 * @param devices the virtual devices
 */
record ServerConfig(
    InetSocketAddress address,
    PcmFormat captureFormat,
    Map<String, PcmFormat> captureFormats,
    HubConfig hub,
    TransportLimits transport,
    boolean demo,
    List<VirtualDevice> devices) {}
