package dev.lavalier.docs;

import static org.assertj.core.api.Assertions.assertThat;

import dev.lavalier.testing.Repository;
import java.io.StringReader;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import javax.xml.parsers.DocumentBuilder;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.w3c.dom.Document;
import org.xml.sax.ErrorHandler;
import org.xml.sax.InputSource;
import org.xml.sax.SAXParseException;

/** The service file for Avahi is valid, and names the port of the server. */
final class AvahiServiceTest {

  private static final Path FILE = Path.of("packaging/avahi/lavalier.service");

  /** What avahi-daemon accepts (avahi.service, section 5 of the manual). */
  private static final String RULES =
      """
      <!ELEMENT service-group (name, service+)>
      <!ELEMENT name (#PCDATA)>
      <!ATTLIST name replace-wildcards (yes|no) "no">
      <!ELEMENT service (type, subtype*, domain-name?, host-name?, port, txt-record*)>
      <!ATTLIST service protocol (ipv4|ipv6|any) "any">
      <!ELEMENT type (#PCDATA)>
      <!ELEMENT subtype (#PCDATA)>
      <!ELEMENT domain-name (#PCDATA)>
      <!ELEMENT host-name (#PCDATA)>
      <!ELEMENT port (#PCDATA)>
      <!ELEMENT txt-record (#PCDATA)>
      """;

  private static final class Errors implements ErrorHandler {
    private final List<String> messages = new ArrayList<>();

    @Override
    public void warning(SAXParseException e) {
      messages.add(e.getMessage());
    }

    @Override
    public void error(SAXParseException e) {
      messages.add(e.getMessage());
    }

    @Override
    public void fatalError(SAXParseException e) {
      messages.add(e.getMessage());
    }
  }

  @Test
  void serviceFileIsValid() throws Exception {
    DocumentBuilderFactory factory = DocumentBuilderFactory.newInstance();
    factory.setValidating(true);
    DocumentBuilder builder = factory.newDocumentBuilder();
    Errors errors = new Errors();
    builder.setErrorHandler(errors);
    builder.setEntityResolver((publicId, systemId) -> new InputSource(new StringReader(RULES)));
    Document document = builder.parse(new InputSource(new StringReader(Repository.read(FILE))));

    assertThat(errors.messages).isEmpty();
    assertThat(text(document, "type")).isEqualTo("_lavalier._tcp");
    assertThat(text(document, "port")).isEqualTo("50051"); // the default of --port
  }

  private static String text(Document document, String element) {
    return document.getElementsByTagName(element).item(0).getTextContent();
  }
}
