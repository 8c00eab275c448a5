# The operator. BASE holds .NET 10's ASP.NET Core runtime with `dotnet` on PATH.
# BASE has the ASP.NET Core 10 runtime; name it by digest. images/build does.
ARG BASE
FROM ${BASE}
COPY rules/ /rules/
COPY models/ /models/
COPY app/ /app/
COPY sbom/ /usr/share/sbom/
USER 65532:65532
WORKDIR /app
ENV WAF_MODELS_DIR=/models
EXPOSE 8080 9443 9444
ENTRYPOINT ["dotnet", "/app/waf-operator.dll"]
CMD ["run"]
