package dev.lavalier.testing;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.junit.jupiter.api.Tag;

/**
 * A test that measures wall-clock time, so that it fails on a machine that is busy with something
 * else. Only {@code mvn verify -Dgroups=realtime} runs it, and runs nothing else.
 */
@Documented
@Retention(RetentionPolicy.RUNTIME)
@Target({ElementType.TYPE, ElementType.METHOD})
@Tag("realtime")
public @interface RealTimeTest {}
