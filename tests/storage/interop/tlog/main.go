// Command tlog checks a ledger with the transparency-log packages of the Go module system, and
// with no code of this project's.
//
//	tlog verify FOLDER VKEY          every entry, against the published checkpoint
//	tlog grew FOLDER VKEY CHECKPOINT the published tree begins with an older one
//	tlog proof FILE ENTRY VKEY       one entry's .tlog-proof
//	tlog prove FOLDER VKEY COUNT     makes and checks the proofs of so many entries
//
// It prints one line (the seconds it took, for prove) and ends with 0, or says what is wrong and ends with 1.
package main

import (
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

type head struct {
	size int64
	root tlog.Hash
}

// opened returns the head in a signed checkpoint.
func opened(raw []byte, vkey string) (head, error) {
	verifier, err := note.NewVerifier(vkey)
	if err != nil {
		return head{}, err
	}
	signed, err := note.Open(raw, note.VerifierList(verifier))
	if err != nil {
		return head{}, err
	}
	lines := strings.Split(signed.Text, "\n")
	if len(lines) != 4 || lines[0] != verifier.Name() {
		return head{}, fmt.Errorf("not a checkpoint of %s", verifier.Name())
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil {
		return head{}, err
	}
	root, err := hash(lines[2])
	return head{size, root}, err
}

func hash(text string) (tlog.Hash, error) {
	var found tlog.Hash
	raw, err := base64.StdEncoding.DecodeString(text)
	if err == nil && copy(found[:], raw) != len(raw) {
		err = fmt.Errorf("not a hash")
	}
	return found, err
}

// folder reads tiles where C2SP tlog-tiles puts them: without the height in the path.
type folder string

func (f folder) Height() int                         { return 8 }
func (f folder) SaveTiles(_ []tlog.Tile, _ [][]byte) {}
func (f folder) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	var all [][]byte
	for _, tile := range tiles {
		data, err := os.ReadFile(filepath.Join(string(f), strings.Replace(tile.Path(), "tile/8/", "tile/", 1)))
		if err != nil {
			return nil, err
		}
		all = append(all, data)
	}
	return all, nil
}

// entries calls found for every published entry, in order.
func (f folder) entries(size int64, found func(int64, []byte) error) error {
	for start := int64(0); start < size; start += 256 {
		tile := tlog.Tile{H: 8, L: 0, N: start / 256, W: 256}
		if size-start < 256 {
			tile.W = int(size - start)
		}
		path := strings.Replace(tile.Path(), "tile/8/0/", "tile/entries/", 1)
		raw, err := os.ReadFile(filepath.Join(string(f), path))
		if err != nil {
			return err
		}
		for offset := 0; offset < tile.W; offset++ {
			if len(raw) < 2 || len(raw) < 2+int(binary.BigEndian.Uint16(raw)) {
				return fmt.Errorf("%s is cut off", path)
			}
			end := 2 + int(binary.BigEndian.Uint16(raw))
			if err := found(start+int64(offset), raw[2:end]); err != nil {
				return err
			}
			raw = raw[end:]
		}
		if len(raw) != 0 {
			return fmt.Errorf("%s holds more than its entries", path)
		}
	}
	return nil
}

func (f folder) published(vkey string) (head, tlog.HashReader, error) {
	raw, err := os.ReadFile(filepath.Join(string(f), "checkpoint"))
	if err != nil {
		return head{}, nil, err
	}
	found, err := opened(raw, vkey)
	return found, tlog.TileHashReader(tlog.Tree{N: found.size, Hash: found.root}, f), err
}

func verify(f folder, vkey string) error {
	found, reader, err := f.published(vkey)
	if err != nil {
		return err
	}
	stored, batch, indexes := []tlog.Hash{}, []tlog.Hash{}, []int64{}
	compare := func() error {
		hashes, err := reader.ReadHashes(indexes)
		if err != nil {
			return err
		}
		for at, digest := range hashes {
			if digest != batch[at] {
				return fmt.Errorf("entry at hash %d is not the one in the tree", indexes[at])
			}
		}
		batch, indexes = batch[:0], indexes[:0]
		return nil
	}
	own := tlog.HashReaderFunc(func(wanted []int64) ([]tlog.Hash, error) {
		answer := make([]tlog.Hash, len(wanted))
		for at, index := range wanted {
			answer[at] = stored[index]
		}
		return answer, nil
	})
	err = f.entries(found.size, func(index int64, entry []byte) error {
		hashes, err := tlog.StoredHashes(index, entry, own)
		if err != nil {
			return err
		}
		stored = append(stored, hashes...)
		batch, indexes = append(batch, hashes[0]), append(indexes, tlog.StoredHashIndex(0, index))
		if len(indexes) == 256 {
			return compare()
		}
		return nil
	})
	if err == nil {
		err = compare()
	}
	if err != nil {
		return err
	}
	root, err := tlog.TreeHash(found.size, own)
	if err == nil && root != found.root {
		err = fmt.Errorf("the entries make another root")
	}
	if err == nil {
		fmt.Printf("verified %d entries, root %x\n", found.size, root[:])
	}
	return err
}

func grew(f folder, vkey, older string) error {
	found, reader, err := f.published(vkey)
	if err != nil {
		return err
	}
	raw, err := os.ReadFile(older)
	if err != nil {
		return err
	}
	old, err := opened(raw, vkey)
	if err != nil {
		return err
	}
	proof, err := tlog.ProveTree(found.size, old.size, reader)
	if err == nil {
		err = tlog.CheckTree(proof, found.size, found.root, old.size, old.root)
	}
	if err == nil {
		fmt.Printf("grew from %d to %d entries\n", old.size, found.size)
	}
	return err
}

func proved(file, entry, vkey string) error {
	raw, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	text, checkpoint, _ := strings.Cut(string(raw), "\n\n")
	lines := strings.Split(text, "\n")
	if lines[0] != "c2sp.org/tlog-proof@v1" {
		return fmt.Errorf("not a proof")
	}
	if strings.HasPrefix(lines[1], "extra ") {
		lines = append(lines[:1], lines[2:]...)
	}
	index, err := strconv.ParseInt(strings.TrimPrefix(lines[1], "index "), 10, 64)
	if err != nil {
		return err
	}
	var path tlog.RecordProof
	for _, line := range lines[2:] {
		digest, err := hash(line)
		if err != nil {
			return err
		}
		path = append(path, digest)
	}
	found, err := opened([]byte(checkpoint), vkey)
	if err != nil {
		return err
	}
	data, err := os.ReadFile(entry)
	if err != nil {
		return err
	}
	if err = tlog.CheckRecord(path, found.size, found.root, index, tlog.RecordHash(data)); err == nil {
		fmt.Printf("entry %d of %d\n", index, found.size)
	}
	return err
}

// prove makes proofs of entries that lie evenly in the tree, and checks each as a stranger would.
func prove(f folder, vkey string, count int64) error {
	started := time.Now()
	found, reader, err := f.published(vkey)
	for n := int64(0); n < count && err == nil; n++ {
		index := n * found.size / count
		var path tlog.RecordProof
		if path, err = tlog.ProveRecord(found.size, index, reader); err != nil {
			return err
		}
		var leaf []tlog.Hash
		if leaf, err = reader.ReadHashes([]int64{tlog.StoredHashIndex(0, index)}); err == nil {
			err = tlog.CheckRecord(path, found.size, found.root, index, leaf[0])
		}
	}
	if err == nil {
		fmt.Println(time.Since(started).Seconds())
	}
	return err
}

func run(words []string) error {
	switch {
	case len(words) == 3 && words[0] == "verify":
		return verify(folder(words[1]), words[2])
	case len(words) == 4 && words[0] == "grew":
		return grew(folder(words[1]), words[2], words[3])
	case len(words) == 4 && words[0] == "proof":
		return proved(words[1], words[2], words[3])
	case len(words) == 4 && words[0] == "prove":
		count, err := strconv.ParseInt(words[3], 10, 64)
		if err != nil {
			return err
		}
		return prove(folder(words[1]), words[2], count)
	}
	return fmt.Errorf("verify FOLDER VKEY | grew FOLDER VKEY CHECKPOINT | proof FILE ENTRY VKEY | prove FOLDER VKEY COUNT")
}

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Println("wrong:", err)
		os.Exit(1)
	}
}
