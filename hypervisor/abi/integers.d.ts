// The integer names of AssemblyScript, so that tsc and asc read the same files of constants.
declare type u8 = number;
declare type u16 = number;
declare type u32 = number;
declare type i32 = number;
declare type u64 = number;
declare type usize = number;
