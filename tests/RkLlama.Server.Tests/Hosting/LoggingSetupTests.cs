using Microsoft.Extensions.Logging;
using RkLlama.Server.Hosting;
using Serilog.Extensions.Logging;

namespace RkLlama.Server.Tests.Hosting;

public sealed class LoggingSetupTests
{
    [Theory]
    [InlineData("Microsoft.AspNetCore.Hosting.Diagnostics", LogLevel.Critical, false)]
    [InlineData("Microsoft.AspNetCore.Server.Kestrel", LogLevel.Warning, true)]
    [InlineData("Microsoft.AspNetCore.Server.Kestrel", LogLevel.Information, false)]
    [InlineData("RkLlama.Server.Hosting.ServerHost", LogLevel.Information, true)]
    public void ASP_NET_Core_logs_warnings_but_no_requests(string category, LogLevel level, bool logs)
    {
        using Serilog.Core.Logger logger = LoggingSetup.Create(TextWriter.Null);
        using SerilogLoggerFactory factory = new(logger);

        factory.CreateLogger(category).IsEnabled(level).Should().Be(logs);
    }
}
