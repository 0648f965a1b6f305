package dev.lavalier.web;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The files of the page, which are resources of the class path. Each is read once, and then kept.
 * Safe for use from any thread; the first request for a file reads it from the jar.
 */
final class PageFiles {

  /**
   * A file.
   *
   * @param contentType its media type
   * @param content its bytes, in a buffer that cannot be changed or released
   */
  record PageFile(String contentType, ByteBuf content) {}

  private static final String DIRECTORY = "page/";
  private static final String START = "index.html";

  /** No other name reaches the class path. */
  private static final Pattern NAME = Pattern.compile("/([a-z0-9-]+\\.(html|js|css|svg))");

  private static final Map<String, String> CONTENT_TYPES =
      Map.of(
          "html", "text/html; charset=utf-8",
          "js", "text/javascript; charset=utf-8",
          "css", "text/css; charset=utf-8",
          "svg", "image/svg+xml");

  private final Map<String, PageFile> files = new ConcurrentHashMap<>();

  /** Returns the file at a path; empty: there is none. */
  Optional<PageFile> find(String path) {
    Matcher name = NAME.matcher(path.equals("/") ? "/" + START : path);
    if (!name.matches()) {
      return Optional.empty();
    }
    PageFile known = files.get(name.group(1));
    return known != null ? Optional.of(known) : load(name.group(1), name.group(2));
  }

  private Optional<PageFile> load(String name, String type) {
    try (InputStream in = PageFiles.class.getResourceAsStream(DIRECTORY + name)) {
      if (in == null) {
        return Optional.empty();
      }
      PageFile file =
          new PageFile(
              CONTENT_TYPES.get(type),
              Unpooled.unreleasableBuffer(Unpooled.wrappedBuffer(in.readAllBytes()).asReadOnly()));
      files.put(name, file);
      return Optional.of(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
