// Checks a log that `servanda export tiles` published with the code of Go's own checksum database, and nothing of ours:
// the checkpoint's signature, every tile and entry against its root, every proof of inclusion and of growth.
//
//	tlogcheck FOLDER
//
// FOLDER has, beside the tiles, `log.vkey`, a proof of every event in `proofs`, older checkpoints in `checkpoints`, and in
// `grown` a file NAME for each of those, which proves that the log goes on from it.
package main

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const width = 256

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: tlogcheck FOLDER")
		os.Exit(2)
	}
	if err := check(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "tlogcheck:", err)
		os.Exit(1)
	}
}

func check(folder string) error {
	vkey, err := os.ReadFile(filepath.Join(folder, "log.vkey"))
	if err != nil {
		return err
	}
	verifier, err := note.NewVerifier(strings.TrimSpace(string(vkey)))
	if err != nil {
		return err
	}
	tree, _, err := open(filepath.Join(folder, "checkpoint"), verifier)
	if err != nil {
		return err
	}
	// Reads tiles as Go's client does, which holds each against the root before it uses it.
	hashes := tlog.TileHashReader(tree, tiles{folder})
	leaves, err := entries(folder, tree.N)
	if err != nil {
		return err
	}
	for i, leaf := range leaves {
		published, err := hashes.ReadHashes([]int64{tlog.StoredHashIndex(0, int64(i))})
		if err != nil {
			return fmt.Errorf("leaf %d: %w", i, err)
		}
		if published[0] != leaf {
			return fmt.Errorf("entry %d is not the leaf that is published", i)
		}
	}
	inclusions, err := inclusions(folder, tree, hashes, leaves, verifier)
	if err != nil {
		return err
	}
	growths, err := growths(folder, tree, hashes, leaves, verifier)
	if err != nil {
		return err
	}
	fmt.Printf("%d events, %d proofs of inclusion, %d of growth\n", tree.N, inclusions, growths)
	return nil
}

// open reads a signed checkpoint.
func open(file string, verifier note.Verifier) (tlog.Tree, string, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return tlog.Tree{}, "", err
	}
	tree, err := parse(text, verifier)
	return tree, string(text), err
}

func parse(text []byte, verifier note.Verifier) (tlog.Tree, error) {
	signed, err := note.Open(text, note.VerifierList(verifier))
	if err != nil {
		return tlog.Tree{}, err
	}
	lines := strings.Split(signed.Text, "\n")
	if len(lines) != 4 || lines[0] != verifier.Name() {
		return tlog.Tree{}, fmt.Errorf("a checkpoint with other lines: %q", lines)
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil {
		return tlog.Tree{}, err
	}
	root, err := tlog.ParseHash(lines[2])
	return tlog.Tree{N: size, Hash: root}, err
}

// tiles reads tiles from where C2SP puts them.
type tiles struct{ folder string }

func (tiles) Height() int { return 8 }

func (tiles) SaveTiles([]tlog.Tile, [][]byte) {}

func (t tiles) ReadTiles(wanted []tlog.Tile) ([][]byte, error) {
	var all [][]byte
	for _, tile := range wanted {
		data, full, err := read(t.folder, tile)
		if err != nil {
			return nil, err
		}
		if end := tile.W * tlog.HashSize; full && end < len(data) {
			data = data[:end]
		}
		all = append(all, data)
	}
	return all, nil
}

// read reads a tile, or the full one that came in its place, and says which. C2SP has no height in its paths, and other
// words for entries.
func read(folder string, tile tlog.Tile) ([]byte, bool, error) {
	path := func(tile tlog.Tile) string {
		name := strings.Replace(strings.TrimPrefix(tile.Path(), "tile/8/"), "data/", "entries/", 1)
		return filepath.Join(folder, "tile", name)
	}
	data, err := os.ReadFile(path(tile))
	if !os.IsNotExist(err) || tile.W == width {
		return data, false, err
	}
	tile.W = width
	data, err = os.ReadFile(path(tile))
	return data, true, err
}

// entries gives the hash of every entry's leaf.
func entries(folder string, size int64) ([]tlog.Hash, error) {
	var leaves []tlog.Hash
	for first := int64(0); first < size; first += width {
		count := size - first
		if count > width {
			count = width
		}
		tile := tlog.Tile{H: 8, L: -1, N: first / width, W: int(count)}
		data, full, err := read(folder, tile)
		if err != nil {
			return nil, err
		}
		for ; count > 0; count-- {
			if len(data) < 2 || len(data) < 2+int(binary.BigEndian.Uint16(data)) {
				return nil, fmt.Errorf("%s ends within an entry", tile.Path())
			}
			end := 2 + int(binary.BigEndian.Uint16(data))
			leaves = append(leaves, tlog.RecordHash(data[2:end]))
			data = data[end:]
		}
		if len(data) > 0 && !full {
			return nil, fmt.Errorf("%s has more than its entries", tile.Path())
		}
	}
	return leaves, nil
}

// inclusions compares the proof of every event with the one that Go makes, and checks it.
func inclusions(folder string, tree tlog.Tree, hashes tlog.HashReader, leaves []tlog.Hash, verifier note.Verifier) (int, error) {
	for i, leaf := range leaves {
		name := fmt.Sprintf("%d.tlog-proof", i)
		text, err := os.ReadFile(filepath.Join(folder, "proofs", name))
		if err != nil {
			return 0, err
		}
		head, rest, _ := bytes.Cut(text, []byte("\n\n"))
		if signed, err := parse(rest, verifier); err != nil || signed != tree {
			return 0, fmt.Errorf("%s is under another checkpoint: %v", name, err)
		}
		lines := strings.Split(string(head), "\n")
		if lines[0] != "c2sp.org/tlog-proof@v1" || lines[1] != fmt.Sprintf("index %d", i) {
			return 0, fmt.Errorf("%s begins otherwise: %q", name, lines[:2])
		}
		proof, err := path(lines[2:])
		if err != nil {
			return 0, fmt.Errorf("%s: %w", name, err)
		}
		if err := tlog.CheckRecord(proof, tree.N, tree.Hash, int64(i), leaf); err != nil {
			return 0, fmt.Errorf("%s: %w", name, err)
		}
		own, err := tlog.ProveRecord(tree.N, int64(i), hashes)
		if err != nil || fmt.Sprint(own) != fmt.Sprint(tlog.RecordProof(proof)) {
			return 0, fmt.Errorf("%s is another proof than Go's: %v", name, err)
		}
	}
	return len(leaves), nil
}

// growths checks the growth from every older checkpoint by its proof, and from every size by Go's own.
func growths(folder string, tree tlog.Tree, hashes tlog.HashReader, leaves []tlog.Hash, verifier note.Verifier) (int, error) {
	files, err := os.ReadDir(filepath.Join(folder, "checkpoints"))
	if err != nil {
		return 0, err
	}
	older := map[int64]tlog.Hash{}
	for _, file := range files {
		signed, _, err := open(filepath.Join(folder, "checkpoints", file.Name()), verifier)
		if err != nil {
			return 0, err
		}
		older[signed.N] = signed.Hash
		if err := readable(folder, signed, leaves); err != nil {
			return 0, fmt.Errorf("of the checkpoint of %d events: %w", signed.N, err)
		}
		if signed.N == tree.N {
			continue
		}
		text, err := os.ReadFile(filepath.Join(folder, "grown", file.Name()))
		if err != nil {
			return 0, err
		}
		head, _, _ := bytes.Cut(text, []byte("\n\n"))
		lines := strings.Split(string(head), "\n")
		if lines[0] != fmt.Sprintf("old %d", signed.N) {
			return 0, fmt.Errorf("grown/%s begins with %q", file.Name(), lines[0])
		}
		proof, err := path(lines[1:])
		if err != nil {
			return 0, err
		}
		if err := tlog.CheckTree(proof, tree.N, tree.Hash, signed.N, signed.Hash); err != nil {
			return 0, fmt.Errorf("grown/%s: %w", file.Name(), err)
		}
	}
	var stored storage
	count := 0
	for n := int64(1); n <= tree.N; n++ {
		more, err := tlog.StoredHashesForRecordHash(n-1, leaves[n-1], stored)
		if err != nil {
			return 0, err
		}
		stored = append(stored, more...)
		root, err := tlog.TreeHash(n, stored)
		if err != nil {
			return 0, err
		}
		if signed, is := older[n]; is && signed != root {
			return 0, fmt.Errorf("the checkpoint of %d events has another root", n)
		}
		proof, err := tlog.ProveTree(tree.N, n, hashes)
		if err != nil {
			return 0, err
		}
		if err := tlog.CheckTree(proof, tree.N, tree.Hash, n, root); err != nil {
			return 0, fmt.Errorf("from %d: %w", n, err)
		}
		count++
	}
	return count, nil
}

// readable checks that whoever keeps an older checkpoint finds the tiles and entries of its size: partial ones, until the
// full ones are there.
func readable(folder string, tree tlog.Tree, leaves []tlog.Hash) error {
	hashes := tlog.TileHashReader(tree, tiles{folder})
	found, err := entries(folder, tree.N)
	if err != nil {
		return err
	}
	for i, leaf := range found {
		published, err := hashes.ReadHashes([]int64{tlog.StoredHashIndex(0, int64(i))})
		if err != nil {
			return err
		}
		if published[0] != leaf || leaf != leaves[i] {
			return fmt.Errorf("entry %d is another", i)
		}
	}
	return nil
}

// storage holds hashes as they would be stored.
type storage []tlog.Hash

func (s storage) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	var all []tlog.Hash
	for _, index := range indexes {
		all = append(all, s[index])
	}
	return all, nil
}

func path(lines []string) ([]tlog.Hash, error) {
	var hashes []tlog.Hash
	for _, line := range lines {
		data, err := base64.StdEncoding.DecodeString(line)
		if err != nil || len(data) != tlog.HashSize {
			return nil, fmt.Errorf("%q is no hash", line)
		}
		var hash tlog.Hash
		copy(hash[:], data)
		hashes = append(hashes, hash)
	}
	return hashes, nil
}
