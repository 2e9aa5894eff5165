using System.Globalization;
using System.Text;

namespace RkLlama.Attack;

/// <summary>Reads one HTTP response from pieces of bytes. It keeps only the first part of the body, so that a large answer needs no memory here.</summary>
internal sealed class ResponseReader
{
    private const int MaxKeptBytes = 32 << 10;
    private const int MaxHeaderBytes = 64 << 10;

    private byte[] _kept = [];
    private readonly StringBuilder _line = new();
    private State _state = State.Header;
    private long _left;
    private int _headerBytes;
    private bool _isChunked;
    private long? _length;

    private enum State
    {
        Header, ChunkSize, ChunkData, ChunkEnd, Trailer, Data, UntilClose, Complete,
    }

    /// <summary>0 until the status line is complete.</summary>
    internal int Status { get; private set; }

    internal int? RetryAfter { get; private set; }

    internal long BodyBytes { get; private set; }

    /// <summary>The first 32 KiB.</summary>
    internal string Body => Encoding.UTF8.GetString(_kept);

    internal bool IsComplete => _state == State.Complete;

    /// <summary>Whether the end of the connection is the end of the response.</summary>
    internal bool EndsWithConnection => _state == State.UntilClose;

    /// <exception cref="InvalidDataException">This is not an HTTP response.</exception>
    internal void Add(ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty && _state != State.Complete)
        {
            if (_state is State.Data or State.ChunkData or State.UntilClose)
            {
                int count = _state == State.UntilClose ? bytes.Length : (int)Math.Min(bytes.Length, _left);
                Keep(bytes[..count]);
                bytes = bytes[count..];
                _left -= count;
                if (_left == 0 && _state != State.UntilClose)
                    _state = _state == State.Data ? State.Complete : State.ChunkEnd;
                continue;
            }

            char c = (char)bytes[0];
            bytes = bytes[1..];
            if (++_headerBytes > MaxHeaderBytes && _state == State.Header)
                throw new InvalidDataException("a header without end");
            if (c == '\n')
            {
                string line = _line.ToString().TrimEnd('\r');
                _line.Clear();
                OnLine(line);
            }
            else
            {
                _line.Append(c);
            }
        }
    }

    private void Keep(ReadOnlySpan<byte> bytes)
    {
        BodyBytes += bytes.Length;
        int room = MaxKeptBytes - _kept.Length;
        if (room > 0)
            _kept = [.. _kept, .. bytes[..Math.Min(room, bytes.Length)]];
    }

    private void OnLine(string line)
    {
        switch (_state)
        {
            case State.Header when Status == 0:
                if (!line.StartsWith("HTTP/1.", StringComparison.Ordinal) || line.Length < 12 || !int.TryParse(line.AsSpan(9, 3), NumberStyles.None, CultureInfo.InvariantCulture, out int status))
                    throw new InvalidDataException($"not a status line: {line}");
                Status = status;
                break;
            case State.Header when line.Length > 0:
                OnHeader(line);
                break;
            case State.Header when Status is >= 100 and < 200:
                Status = 0;
                break;
            case State.Header:
                _left = _length ?? 0;
                _state = _isChunked ? State.ChunkSize : _length is 0 || Status == 204 ? State.Complete : _length is null ? State.UntilClose : State.Data;
                break;
            case State.ChunkSize:
                _left = long.Parse(line.Split(';')[0], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
                _state = _left == 0 ? State.Trailer : State.ChunkData;
                break;
            case State.ChunkEnd:
                _state = State.ChunkSize;
                break;
            case State.Trailer when line.Length == 0:
                _state = State.Complete;
                break;
            default:
                break;
        }
    }

    private void OnHeader(string line)
    {
        string[] parts = line.Split(':', 2, StringSplitOptions.TrimEntries);
        string value = parts[^1];
        switch (parts[0].ToUpperInvariant())
        {
            case "CONTENT-LENGTH":
                _length = long.Parse(value, CultureInfo.InvariantCulture);
                break;
            case "TRANSFER-ENCODING":
                _isChunked = true;
                break;
            case "RETRY-AFTER":
                RetryAfter = int.TryParse(value, CultureInfo.InvariantCulture, out int seconds) ? seconds : null;
                break;
            default:
                break;
        }
    }
}
