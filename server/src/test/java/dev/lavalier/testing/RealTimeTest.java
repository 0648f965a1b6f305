package dev.lavalier.testing;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.junit.jupiter.api.Tag;

/**
 * A test that measures wall-clock time, and can therefore fail on a busy machine. It runs only with
 * {@code mvn verify -Dgroups=realtime}, which runs no other tests.
 */
@Documented
@Retention(RetentionPolicy.RUNTIME)
@Target({ElementType.TYPE, ElementType.METHOD})
@Tag("realtime")
public @interface RealTimeTest {}
