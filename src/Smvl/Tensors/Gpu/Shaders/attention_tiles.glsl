// What attention's kernels share: the table of tiles, and rows of heads in shared memory.
// A row of queries is a pair of a query and one of the heads that share keys and values: query i of head g of a group is row i G + g,
// so that a tile's rows read the same keys. Eight invocations share a row; each has every eighth quad of the head.

layout(constant_id = 3) const uint ROWS = 16;
layout(constant_id = 4) const uint HEAD_DIM = 64;
const uint Lanes = 8;
const uint Quads = (HEAD_DIM + 3) / 4;
const uint OwnQuads = (Quads + Lanes - 1) / Lanes;

// a quad more, so that neighbouring rows lie in other banks
const uint Stride = Quads + 1;

struct Tile
{
    uint queryStart, queryLength, keyStart, keyLength;
    uint first;   // of the segment's rows, or of its keys where a tile is one of keys
};

layout(buffer_reference, scalar, buffer_reference_align = 4) readonly buffer Tiles { Tile at[]; };

#define MinusInfinity uintBitsToFloat(0xFF800000u)

// where query row `row` of a segment and a key/value head begins in q (T, H hd), and in (T, H)
uint headOf(Tile tile, uint row, uint heads, uint group)
{
    return ((tile.queryStart + (row / group)) * heads) + (gl_WorkGroupID.y * group) + (row % group);
}

// keys that a query row sees
uint visible(Tile tile, uint row, uint group, bool causal)
{
    return causal ? tile.keyLength - tile.queryLength + (row / group) + 1 : tile.keyLength;
}
