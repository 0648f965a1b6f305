package dev.lavalier.fleet;

/** Why an edge does not use a block of a device. */
public enum IgnoredBlock {
  /** Its values are out of range, or it cannot be decoded. */
  MALFORMED,
  /** It has more samples than the node has said. */
  TOO_LONG,
  /** It is of an earlier epoch. */
  OLD_EPOCH,
  /** Its samples are not later than those of the block before: it was repeated or overtaken. */
  REPEATED,
  /** It waited too long on the way. */
  LATE,
  /** Its index or its time is later than those of a true block can be. */
  AHEAD
}
