using System.Text;

namespace RkLlama.Prompts.Tokenizers.Models;

/// <summary>
/// Maps the model's tokens to ids and back. The tokens have the form that they have in the tokenizer file, in UTF-8: in a byte-level vocabulary, each byte is a
/// character of <see cref="ByteAlphabet"/>. Immutable after <see cref="Builder.Build"/>; safe for concurrent use.
/// </summary>
internal sealed class Vocabulary
{
    /// <summary>
    /// The highest supported id. Some tables have one entry for each id up to the highest one, so a higher id would need too much memory on a board.
    /// </summary>
    public const int MaxId = 4_000_000;

    private readonly ByteStringTable _texts;
    private readonly int[] _ids;
    private readonly int[] _numbers;

    private Vocabulary(ByteStringTable texts, int[] ids, int[] numbers)
    {
        _texts = texts;
        _ids = ids;
        _numbers = numbers;
    }

    /// <summary>The highest id plus 1.</summary>
    public int IdLimit => _numbers.Length;

    /// <summary>The number of tokens.</summary>
    public int Count => _texts.Count;

    /// <summary>The length of the longest token in bytes.</summary>
    public int MaxLength => _texts.MaxLength;

    /// <summary>Returns the id of a token; -1 if the vocabulary does not contain it.</summary>
    public int Find(ReadOnlySpan<byte> token)
    {
        int number = _texts.Find(token);
        return number < 0 ? -1 : _ids[number];
    }

    /// <inheritdoc cref="Find(ReadOnlySpan{byte})"/>
    public int Find(string token) => Find(Encoding.UTF8.GetBytes(token));

    public bool Contains(int id) => (uint)id < (uint)_numbers.Length && _numbers[id] >= 0;

    /// <summary>Returns the token with an id, in UTF-8. The vocabulary must contain the id: see <see cref="Contains"/>.</summary>
    public ReadOnlySpan<byte> TokenText(int id) => _texts[_numbers[id]];

    /// <summary>Collects the tokens, in the order of the tokenizer file.</summary>
    internal sealed class Builder
    {
        private readonly ByteStringTable _texts = new(32_768);
        private int[] _ids = new int[32_768];
        private int _highest = -1;

        public void Add(ReadOnlySpan<byte> token, int id)
        {
            if (id is < 0 or > MaxId)
                throw new TokenizerException($"The vocabulary has the id {id}; ids from 0 to {MaxId} are supported.");
            int number = _texts.Append(token);
            if (number == _ids.Length)
                Array.Resize(ref _ids, number + number / 2);
            _ids[number] = id;
            _highest = Math.Max(_highest, id);
        }

        public Vocabulary Build()
        {
            if (_highest < 0)
                throw new TokenizerException("The tokenizer has no vocabulary.");
            _texts.Trim();
            _texts.Index();
            Array.Resize(ref _ids, _texts.Count);
            var numbers = new int[_highest + 1];
            Array.Fill(numbers, -1);
            for (int number = 0; number < _ids.Length; number++)
                numbers[_ids[number]] = number;
            return new Vocabulary(_texts, _ids, numbers);
        }
    }
}
