package dev.lavalier.testing;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.io.IOException;
import java.lang.reflect.Field;
import java.lang.reflect.Member;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.lang.reflect.Type;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The public API of a module. A removed line breaks applications: keep the old signature, or make
 * the change part of an incompatible release.
 */
public final class PublicApi {

  private static final Path FILE = Path.of("api.txt");
  private static final Path CLASSES = Path.of("target/classes");

  private PublicApi() {}

  /**
   * Compares the API of the module in whose directory the test runs with its file {@code api.txt}.
   * With {@code -Dapi.update=true}, writes the file.
   *
   * @param others public classes of other modules that belong to the API
   */
  public static void assertMatchesFile(Class<?>... others)
      throws IOException, ClassNotFoundException {
    List<String> actual = api(others);
    if (Boolean.getBoolean("api.update")) {
      Files.write(FILE, actual);
    }
    List<String> expected = Files.readAllLines(FILE);
    assertThat(without(expected, actual)).as("removed from the public API").isEmpty();
    assertThat(without(actual, expected)).as("added to the public API, not to api.txt").isEmpty();
    assertThat(actual).isEqualTo(expected);
  }

  /** Returns the lines, each with its type, that are missing in the other list. */
  private static List<String> without(List<String> lines, List<String> others) {
    List<String> rest = qualified(lines);
    rest.removeAll(qualified(others));
    return rest;
  }

  private static List<String> qualified(List<String> lines) {
    List<String> qualified = new ArrayList<>();
    String type = "";
    for (String line : lines) {
      if (!line.startsWith(" ")) {
        type = line;
        qualified.add(line);
      } else {
        qualified.add(type + ": " + line.strip());
      }
    }
    return qualified;
  }

  private static List<String> api(Class<?>... others) throws IOException, ClassNotFoundException {
    List<String> lines = new ArrayList<>();
    List<Class<?>> types = new ArrayList<>(List.of(others));
    for (String name : classes()) {
      types.add(Class.forName(name, false, PublicApi.class.getClassLoader()));
    }
    for (Class<?> type : types) {
      if (isVisible(type)) {
        lines.add(declaration(type));
        members(type).forEach(member -> lines.add("  " + member));
      }
    }
    return lines;
  }

  private static List<String> classes() throws IOException {
    try (Stream<Path> files = Files.walk(CLASSES)) {
      return files
          .map(file -> CLASSES.relativize(file).toString())
          .filter(name -> name.endsWith(".class") && !name.endsWith("package-info.class"))
          .map(name -> name.substring(0, name.length() - ".class".length()))
          .map(name -> name.replace(File.separatorChar, '.'))
          .sorted()
          .toList();
    }
  }

  /**
   * Returns whether an application can name a type: the type and its enclosing types are public.
   */
  private static boolean isVisible(Class<?> type) {
    if (type.isAnonymousClass() || type.isLocalClass() || !isVisible(type.getModifiers())) {
      return false;
    }
    return type.getEnclosingClass() == null || isVisible(type.getEnclosingClass());
  }

  private static boolean isVisible(int modifiers) {
    return Modifier.isPublic(modifiers) || Modifier.isProtected(modifiers);
  }

  private static String declaration(Class<?> type) {
    StringBuilder line = new StringBuilder(Modifier.toString(modifiers(type)));
    if (type.isAnnotation()) {
      line.append(" @interface ");
    } else if (type.isInterface()) {
      line.append(type.isSealed() ? " sealed interface " : " interface ");
    } else if (type.isEnum()) {
      line.append(" enum ");
    } else {
      line.append(type.isRecord() ? " record " : " class ");
    }
    line.append(type.getName());
    if (type.getTypeParameters().length > 0) {
      line.append(names("<", type.getTypeParameters())).append('>');
    }
    if (hasSuperclassOfNote(type)) {
      line.append(names(" extends ", type.getGenericSuperclass()));
    }
    return line.append(names(" implements ", type.getGenericInterfaces())).toString();
  }

  private static boolean hasSuperclassOfNote(Class<?> type) {
    return !type.isInterface()
        && !type.isEnum()
        && !type.isRecord()
        && type.getSuperclass() != Object.class;
  }

  /** Removes modifiers that are implicit for an interface, an enum or a record. */
  private static int modifiers(Class<?> type) {
    int implied = type.isInterface() ? Modifier.ABSTRACT | Modifier.INTERFACE | Modifier.STATIC : 0;
    if (type.isEnum() || type.isRecord()) {
      implied = Modifier.ABSTRACT | Modifier.FINAL | Modifier.STATIC;
    }
    return type.getModifiers() & Modifier.classModifiers() & ~implied;
  }

  private static String names(String before, Type... types) {
    return types.length == 0
        ? ""
        : before + Arrays.stream(types).map(Type::getTypeName).collect(Collectors.joining(", "));
  }

  private static List<String> members(Class<?> type) {
    List<String> lines = new ArrayList<>();
    for (Field field : type.getDeclaredFields()) {
      if (isApi(field)) {
        lines.add(
            field
                .toGenericString()
                .replace(type.getTypeName() + "." + field.getName(), field.getName()));
      }
    }
    for (var constructor : type.getDeclaredConstructors()) {
      if (isApi(constructor)) {
        lines.add(constructor.toGenericString());
      }
    }
    for (Method method : methods(type)) {
      if (isApi(method)) {
        String owner = method.getDeclaringClass().getTypeName() + ".";
        lines.add(
            method
                .toGenericString()
                .replace(" " + owner + method.getName() + "(", " " + method.getName() + "(")
                .replace(" synchronized ", " "));
      }
    }
    Collections.sort(lines);
    return lines;
  }

  /**
   * Returns the members of a type and of superclasses that an application cannot name, except those
   * of Object.
   */
  private static List<Method> methods(Class<?> type) {
    List<Method> methods = new ArrayList<>(List.of(type.getDeclaredMethods()));
    for (Class<?> base = type.getSuperclass();
        base != null && !isVisible(base);
        base = base.getSuperclass()) {
      methods.addAll(List.of(base.getDeclaredMethods()));
    }
    methods.removeIf(PublicApi::isOfObject);
    return methods;
  }

  private static boolean isOfObject(Method method) {
    return Arrays.stream(Object.class.getMethods())
        .anyMatch(
            of ->
                of.getName().equals(method.getName())
                    && Arrays.equals(of.getParameterTypes(), method.getParameterTypes()));
  }

  private static boolean isApi(Member member) {
    return isVisible(member.getModifiers()) && !member.isSynthetic();
  }
}
