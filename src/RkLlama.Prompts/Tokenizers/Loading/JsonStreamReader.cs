using System.Text;
using System.Text.Json;

namespace RkLlama.Prompts.Tokenizers.Loading;

/// <summary>Reads JSON from a stream, one JSON token at a time, into one small buffer. The memory use does not depend on the size of the file.</summary>
internal ref struct JsonStreamReader
{
    private readonly Stream _stream;
    private Utf8JsonReader _reader;
    private byte[] _buffer = new byte[64 * 1024];
    private int _count;
    private bool _isFinal;

    public JsonStreamReader(Stream stream)
    {
        _stream = stream;
        _count = stream.ReadAtLeast(_buffer, 3, throwOnEndOfStream: false);
        Span<byte> start = _buffer.AsSpan(0, _count);
        if (start.StartsWith(Encoding.UTF8.Preamble))
        {
            _count -= Encoding.UTF8.Preamble.Length;
            start[Encoding.UTF8.Preamble.Length..].CopyTo(start);
        }
        _reader = new Utf8JsonReader(_buffer.AsSpan(0, _count), isFinalBlock: false, new JsonReaderState(JsonLimits.ReaderOptions));
    }

    public readonly JsonTokenType TokenType => _reader.TokenType;

    /// <summary>Moves to the next JSON token.</summary>
    /// <exception cref="JsonException">The JSON is not valid, it nests deeper than <see cref="JsonLimits.MaxDepth"/>, or the file ends too
    /// early.</exception>
    public void Read()
    {
        while (!_reader.Read())
        {
            if (_isFinal)
                throw new JsonException("The file ends too early.");
            Refill();
        }
    }

    public readonly string GetString() => _reader.GetString() ?? throw new JsonException("A string is missing.");

    public readonly int GetInt32() => _reader.GetInt32();

    public readonly double GetDouble() => _reader.GetDouble();

    /// <summary>
    /// Copies the current property name or string to <paramref name="target"/> as UTF-8, with decoded escape sequences, and returns its length in bytes. If the
    /// array is too small, replaces it by a larger one.
    /// </summary>
    public readonly int CopyString(ref byte[] target)
    {
        if (target.Length < _reader.ValueSpan.Length)
            target = new byte[_reader.ValueSpan.Length * 2];
        return _reader.CopyString(target);
    }

    /// <summary>Skips the current value: moves to its last JSON token.</summary>
    public void Skip()
    {
        if (TokenType is not (JsonTokenType.StartObject or JsonTokenType.StartArray))
            return;
        int depth = _reader.CurrentDepth;
        do
        {
            Read();
        }
        while (_reader.CurrentDepth > depth);
    }

    public readonly void Expect(JsonTokenType type, string what)
    {
        if (TokenType != type)
            throw new JsonException($"{what} is not a JSON {type} value.");
    }

    private void Refill()
    {
        int consumed = (int)_reader.BytesConsumed;
        int left = _count - consumed;
        byte[] next = left > _buffer.Length / 2 ? new byte[_buffer.Length * 2] : _buffer;
        _buffer.AsSpan(consumed, left).CopyTo(next);
        _buffer = next;
        int read = _stream.Read(_buffer, left, _buffer.Length - left);
        _isFinal = read == 0;
        _count = left + read;
        _reader = new Utf8JsonReader(_buffer.AsSpan(0, _count), _isFinal, _reader.CurrentState);
    }
}
