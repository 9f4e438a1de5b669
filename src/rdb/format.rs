//! The numbers of the format: versions, opcodes and layouts of values.

/// The version of a file that we write. Every server loads its own version and all older ones.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Version {
    /// Redis 5.0 to 6.2: no listpacks outside streams.
    V9,
    /// Redis 7.0: listpacks in lists, hashes and sorted sets.
    V10,
    /// Redis 7.2, Valkey 7.2 and 8: listpacks in sets, too.
    #[default]
    V11,
}

impl Version {
    /// The number in the signature.
    pub const fn number(self) -> u16 {
        match self {
            Self::V9 => 9,
            Self::V10 => 10,
            Self::V11 => 11,
        }
    }
}

/// The first bytes of every file; four digits follow.
pub(super) const SIGNATURE: &[u8] = b"REDIS";
/// The first version that ends in a checksum.
pub(super) const VERSION_WITH_CHECKSUM: u16 = 5;

/// Bytes that stand where a key's layout could stand, and say something else.
pub(super) mod opcode {
    pub(in crate::rdb) const SLOT_INFO: u8 = 0xf4;
    pub(in crate::rdb) const FUNCTION: u8 = 0xf5;
    pub(in crate::rdb) const FUNCTION_PRE_GA: u8 = 0xf6;
    pub(in crate::rdb) const MODULE_AUX: u8 = 0xf7;
    pub(in crate::rdb) const IDLE: u8 = 0xf8;
    pub(in crate::rdb) const FREQUENCY: u8 = 0xf9;
    pub(in crate::rdb) const AUX: u8 = 0xfa;
    pub(in crate::rdb) const RESIZE_DB: u8 = 0xfb;
    pub(in crate::rdb) const EXPIRE_MS: u8 = 0xfc;
    pub(in crate::rdb) const EXPIRE_SECONDS: u8 = 0xfd;
    pub(in crate::rdb) const SELECT_DB: u8 = 0xfe;
    pub(in crate::rdb) const END: u8 = 0xff;
}

/// The top bits of a length's first byte, and the bytes that announce longer ones.
pub(super) mod length {
    pub(in crate::rdb) const BITS_14: u8 = 0x40;
    pub(in crate::rdb) const BITS_32: u8 = 0x80;
    pub(in crate::rdb) const BITS_64: u8 = 0x81;
    pub(in crate::rdb) const SPECIAL: u8 = 0xc0;
}

/// First bytes of strings that are not written as they are.
pub(super) mod special {
    pub(in crate::rdb) const INT_8: u8 = 0xc0;
    pub(in crate::rdb) const INT_16: u8 = 0xc1;
    pub(in crate::rdb) const INT_32: u8 = 0xc2;
    pub(in crate::rdb) const LZF: u8 = 0xc3;
}

/// What a value is to its user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Bytes, or a number.
    String,
    /// Strings in an order.
    List,
    /// Different strings.
    Set,
    /// Fields with values.
    Hash,
    /// Different strings with scores.
    SortedSet,
    /// Entries in the order of their names.
    Stream,
    /// What only a module knows.
    Module,
}

/// How the elements of a value lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// One after another, behind their number; a string is its own element.
    Plain,
    /// All in one ziplist.
    Ziplist,
    /// All in one listpack.
    Listpack,
    /// All in one zipmap.
    Zipmap,
    /// All in one intset.
    Intset,
    /// In ziplists, one after another.
    Ziplists,
    /// In listpacks, or alone, one after another.
    Listpacks,
    /// A stream: nodes, what it remembers, groups.
    Stream,
    /// In a way that we do not read.
    Foreign,
}

macro_rules! layouts {
    ($($name:ident = $byte:literal, $kind:ident, $form:ident, $text:literal;)*) => {
        /// How a value is laid out; the byte before its key.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Layout {
            $(#[doc = concat!("For ", $text, ".")] $name = $byte,)*
        }

        impl Layout {
            /// The layout that `byte` announces.
            pub(super) const fn from_byte(byte: u8) -> Option<Self> {
                match byte {
                    $($byte => Some(Self::$name),)*
                    _ => None,
                }
            }

            /// What it holds.
            pub const fn kind(self) -> Kind {
                match self {
                    $(Self::$name => Kind::$kind,)*
                }
            }

            /// How it holds it.
            pub const fn form(self) -> Form {
                match self {
                    $(Self::$name => Form::$form,)*
                }
            }

            /// What a person calls it.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)*
                }
            }
        }
    };
}

impl Layout {
    /// The version whose servers can read it, as far as we write it.
    pub(super) const fn since(self) -> Version {
        match (self.kind(), self.form()) {
            (Kind::Set, Form::Listpack) => Version::V11,
            (Kind::Stream, _) if self as u8 == Self::Stream3 as u8 => Version::V11,
            (Kind::Stream, _) if self as u8 == Self::Stream2 as u8 => Version::V10,
            (_, Form::Listpack | Form::Listpacks) => Version::V10,
            (_, _) => Version::V9,
        }
    }
}

layouts! {
    String = 0, String, Plain, "a string";
    List = 1, List, Plain, "a list";
    Set = 2, Set, Plain, "a set";
    SortedSetText = 3, SortedSet, Plain, "a sorted set with scores as text";
    Hash = 4, Hash, Plain, "a hash";
    SortedSet = 5, SortedSet, Plain, "a sorted set";
    ModulePreGa = 6, Module, Foreign, "a module value of a release candidate";
    Module = 7, Module, Foreign, "a module value";
    HashZipmap = 9, Hash, Zipmap, "a hash in a zipmap";
    ListZiplist = 10, List, Ziplist, "a list in a ziplist";
    SetIntset = 11, Set, Intset, "a set in an intset";
    SortedSetZiplist = 12, SortedSet, Ziplist, "a sorted set in a ziplist";
    HashZiplist = 13, Hash, Ziplist, "a hash in a ziplist";
    ListQuicklist = 14, List, Ziplists, "a list in ziplists";
    Stream = 15, Stream, Stream, "a stream of Redis 5";
    HashListpack = 16, Hash, Listpack, "a hash in a listpack";
    SortedSetListpack = 17, SortedSet, Listpack, "a sorted set in a listpack";
    ListQuicklist2 = 18, List, Listpacks, "a list in listpacks";
    Stream2 = 19, Stream, Stream, "a stream of Redis 7.0";
    SetListpack = 20, Set, Listpack, "a set in a listpack";
    Stream3 = 21, Stream, Stream, "a stream of Redis 7.2";
}
