// Device memory of a machine without devices: nothing answers.

export function mmioLoad(_gpa: u64, _width: u32): bool {
  return false;
}

export function mmioStore(_gpa: u64, _width: u32, _value: u64): bool {
  return false;
}
