// The integer names of AssemblyScript, so that tsc and asc read the same ABI files.
declare type u8 = number;
declare type u16 = number;
declare type u32 = number;
declare type i32 = number;
